import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.guest.zones import Zone
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import FATE_LOOKS, PAGE_LOOKS


def slow_shares(states, number_of_states, pages_per_cell, columns):
    """Count cell by cell, page by page."""
    row_pages = pages_per_cell * columns
    rows = -(-len(states) // row_pages)
    counts = np.zeros((number_of_states, rows * columns), int)
    for pfn in range(rows * row_pages):
        counts[states[pfn] if pfn < len(states) else 0, pfn // pages_per_cell] += 1
    return -(counts * -255 // pages_per_cell).reshape(number_of_states, rows, columns)


@given(st.integers(1, 3000), st.sampled_from([8, 32, 256]), st.integers(0, 2**32 - 1))
def test_every_cell_holds_the_shares_of_its_own_pages(pages, columns, seed):
    states = np.random.default_rng(seed).integers(0, 4, pages).astype(np.uint8)

    page_map = PageMap.of("any", states, columns=columns)

    expected = slow_shares(states, 4, page_map.pages_per_cell, columns)
    np.testing.assert_array_equal(page_map.shares, expected)
    assert page_map.totals == tuple(np.bincount(states, minlength=4).tolist())


def test_a_big_guest_keeps_to_the_cells_of_a_small_picture():
    states = np.full(2_621_440, 2, np.uint8)
    states[1_048_576] = 1

    page_map = PageMap.of("8 GiB and its hole", states)

    assert page_map.pages_per_cell == 128
    assert page_map.shares.shape == (4, 80, 256)
    # a single page of a cell still shows: 1/128 of 255, rounded up
    assert page_map.shares[1, 32, 0] == 2
    assert page_map.scale.startswith("One cell is 128 pages (512 KiB)")


def test_the_browser_is_sent_no_more_than_the_cells():
    spec = PageMap.of("8 GiB", np.ones(2_621_440, np.uint8)).spec()

    assert len(spec["shares"]) == 4 * 80 * 256


def test_zones_and_frames_are_placed_in_rows_and_columns():
    page_map = PageMap.of(
        "two zones",
        np.ones(1024, np.uint8),
        columns=32,
        zones=(Zone("DMA32", 0, 256), Zone("Normal", 256, 1024)),
        frames=((64, 64), (257, 1)),
    )

    spec = page_map.spec()

    assert spec["bands"] == [[0, 8, "DMA32"], [8, 32, "Normal"]]
    assert spec["frames"] == [[0, 2, 32, 2], [1, 8, 1, 1]]


@pytest.mark.parametrize(
    ("pages", "columns", "first", "last"),
    [
        (1024, 32, (0.5, "4,096"), (28.5, "4,992")),
        (2_621_440, 256, (0, "16 MiB"), (64, "8.02 GiB")),
    ],
)
def test_the_address_scale_says_pfns_close_up_and_sizes_from_afar(pages, columns, first, last):
    page_map = PageMap.of("scale", np.ones(pages, np.uint8), first_pfn=4096, columns=columns)

    ticks = [tuple(tick) for tick in page_map.spec()["ticks"]]

    assert (ticks[0], ticks[-1]) == (first, last)


def test_the_static_figure_draws_every_cell_frame_and_letter():
    states = np.arange(256, dtype=np.uint8) % 4
    page_map = PageMap.of("letters", states, columns=32, letters=True, frames=((0, 32),))

    (axes,) = page_map.figure().axes

    assert len(axes.texts) == 256
    assert len(axes.patches) == 1
    assert axes.get_images()[0].get_array().shape == (8, 32, 4)


@pytest.mark.parametrize("of_looks", [PAGE_LOOKS, FATE_LOOKS])
def test_the_static_figures_legend_lies_inside_it_and_below_the_title(of_looks):
    states = np.arange(len(of_looks), dtype=np.uint8).repeat(4096)
    figure = PageMap.of("All memory", states, of_looks).figure()
    figure.canvas.draw()
    (axes,) = figure.axes

    box = axes.get_legend().get_window_extent()

    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= axes._left_title.get_window_extent().y0


def test_in_the_static_figure_paper_hatched_as_in_the_legend_shows_where_there_is_no_ram():
    states = np.array([0, 2], np.uint8).repeat(4096)
    (axes,) = PageMap.of("half", states).figure().axes

    opaque = axes.get_images()[0].get_array()[..., 3]

    assert (opaque == np.array([0, 255], np.uint8).repeat(16)[:, None]).all()
    assert axes.get_legend().get_patches()[0].get_hatch() == axes.patch.get_hatch()
