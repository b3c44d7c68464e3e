import html
import inspect
import re
import textwrap

import numpy as np
import pytest

from balloonkit.guest import Guest, OneBlockAtATime
from balloonkit.guest.fragmentation import free_runs
from balloonkit.lab import FragmentationLab
from balloonkit.lab.lessons.fragmentation.model import BlocksModel


@pytest.fixture
def lab():
    """A lab on its smallest guest."""
    lab = FragmentationLab()
    lab.model.size = "64MiB"
    return lab


@pytest.mark.parametrize("verb", ["guest", "pageblocks", "runs"])
@pytest.mark.parametrize(("name", "value"), [("size", "1GiB"), ("fragmentation", 0.8), ("seed", 4)])
def test_moving_any_control_redraws_the_aged_guest(lab, verb, name, value):
    view = getattr(lab, verb)()
    before = view.table

    setattr(lab.model, name, value)

    assert view.error == ""
    assert view.table != before


@pytest.mark.parametrize(
    ("name", "value"), [("taken", 100), ("returned", 7), ("order", "at random"), ("seed", 9)]
)
def test_moving_any_control_redraws_the_blocks(lab, name, value):
    lab.blocks_model.set_trait("returned", 12)
    if name == "seed":
        lab.blocks_model.order = "at random"
    view = lab.blocks()
    before = view.table

    setattr(lab.blocks_model, name, value)

    assert view.error == ""
    assert view.table != before


def test_the_magnifier_follows_its_slider_and_stays_inside_the_guest(lab):
    view = lab.guest()
    for percent, pfn in [(0, 0), (50, 8192), (100, 16384 - 1024)]:
        lab.model.look_at = percent
        whole, zoom, _ = view.panes
        assert zoom["first_pfn"] == pfn
        assert whole["frames"] == [[0, pfn // 256, 256, 4]]


def test_the_maps_totals_are_the_guests_pages(lab):
    guest = Guest.aged("64MiB", 0.1, 1)

    whole = lab.guest().panes[0]

    assert whole["totals"] == np.bincount(guest.page_states(), minlength=4).tolist()
    assert sum(whole["totals"]) == 16384


def test_the_pages_in_the_hole_below_4_gib_are_no_ram():
    states = Guest.idle("8GiB").page_states()

    assert (states == 0).sum() == 2 << 18
    assert not states[2 << 18 : 4 << 18].any()
    assert states[(2 << 18) - 1] != 0


def test_the_text_twin_counts_the_blocks_of_the_guest(lab):
    blocks = Guest.aged("64MiB", 0.1, 1).buddy.buddyinfo()

    text = lab.guest()._repr_mimebundle_()[0]["text/plain"].splitlines()

    for zone, counts in blocks.items():
        row = next(line for line in text if line.startswith(f"{zone} "))
        assert [int(word.replace(",", "")) for word in row.split()[1:]] == counts


def test_a_checkerboard_has_runs_of_one_page_and_no_larger_block(lab):
    lab.model.fragmentation = 1

    view = lab.runs()
    runs = free_runs(lab.model.guest().buddy.free_mask)

    assert runs.max() == 1
    assert "the longest of 1 pages" not in view.caption
    assert "the longest of 1 page" in view.caption
    rows = [line.split() for line in view._repr_mimebundle_()[0]["text/plain"].splitlines()[2:]]
    assert [row[2] for row in rows] == ["0.000"] + ["1.000"] * 10


@pytest.mark.parametrize(
    ("taken", "returned", "order", "words"),
    [
        (0, 0, "newest first", "All 256 pages are one free block of order 8."),
        (2, 0, "newest first", "Page 1 is taken: it was a free block of order 0"),
        (5, 0, "newest first", "Page 4 is taken: the block of 4 pages at 4 is split"),
        (3, 1, "newest first", "Page 2 is given back and merges, buddy by buddy, into the block"),
        (3, 1, "oldest first", "Page 0 is given back: its buddy, page 1, is taken"),
        (256, 256, "at random", "into the block of 256 pages at 0."),
        (1, 9, "newest first", "into the block of 256 pages at 0."),
    ],
)
def test_the_last_split_or_merge_is_told_in_words(taken, returned, order, words):
    small = BlocksModel(taken=taken, returned=returned, order=order).run()

    assert words in small.last_step


def test_the_fold_holds_the_lines_that_split_and_merge_in_a_screenful(lab):
    rules = html.unescape(re.search("<code>(.*)</code>", lab.blocks().fold, re.S)[1])

    for method in ("_rmqueue_smallest", "_free_one_page"):
        assert inspect.getsource(getattr(OneBlockAtATime, method)) in textwrap.indent(rules, "    ")
    assert 25 <= len(rules.strip().splitlines()) <= 35


def test_splitting_one_page_off_leaves_one_block_of_every_lower_order(lab):
    lab.blocks_model.taken = 1

    text = lab.blocks()._repr_mimebundle_()[0]["text/plain"].splitlines()[2:]

    assert [line.split() for line in text[:8]] == [
        [f"{order}", f"{1 << order}", "1", f"{1 << order}"] for order in range(8)
    ]
    assert text[8].split() == ["8", "256", "0"]


def test_taken_pages_have_a_state_and_a_letter_of_their_own(lab):
    lab.blocks_model.taken = 37

    page_map = lab.blocks().panes[0]

    assert page_map["totals"] == [0, 0, 219, 37]
    assert page_map["looks"][3]["label"] == "taken"
    assert page_map["looks"][3]["letter"] == "T"


def test_all_returns_every_step_of_the_lesson(lab):
    titles = [
        "Age a guest",
        "Measure its fragmentation",
        "Pageblocks by migrate type",
        "Split and merge blocks",
    ]

    assert [view.title for view in lab.all().parts] == titles


def test_at_five_percent_the_eight_gib_guest_shows_the_kernels_image():
    lab = FragmentationLab()
    lab.model.look_at = 5

    _, close_up, _ = lab.guest().panes

    assert close_up["totals"] == [0, 1024, 0, 0]


@pytest.mark.parametrize(("fragmentation", "share"), [(0, 0.999), (0.1, 0)])
def test_a_page_in_twenty_in_use_leaves_no_block_of_order_10(fragmentation, share):
    lab = FragmentationLab()
    lab.model.fragmentation = fragmentation
    buddy = lab.model.guest().buddy

    largest = sum(blocks[10] for blocks in buddy.buddyinfo().values()) * 1024

    assert round(largest / int(buddy.free_mask.sum()), 3) == share


def test_given_back_at_random_the_same_pages_free_make_more_blocks(cells, lab):
    model = lab.blocks_model
    model.taken, model.returned = 64, 32
    view = lab.blocks()

    def blocks():
        return sum(int(shown[1]) for shown in cells(view).values())

    newest = blocks()
    model.order = "at random"

    assert newest == 3  # 32, 64 and 128 pages
    assert blocks() > 10


OWN = "Node 0, zone   Normal, type {:>12}" + 10 * "      {}" + "      1\n"


@pytest.mark.parametrize("verb", ["guest", "pageblocks", "runs"])
def test_every_step_takes_a_machine_of_ones_own_and_lets_it_go_again(lab, verb):
    view = getattr(lab, verb)()
    before = view.caption
    lab.model.machine = (OWN.format("Movable", *[5] * 10)) + OWN.format("HighAtomic", *[2] * 10)
    assert view.error == ""
    assert view.caption.startswith("pasted text, places drawn by seed 1")
    lab.model.machine = " "
    assert view.caption == before


def test_a_paste_that_tells_nothing_is_an_error_of_the_view_that_keeps_its_picture(lab):
    view = lab.guest()
    before = view.caption
    lab.model.machine = "it is slow"
    assert "give buddyinfo" in view.error
    assert view.caption == before


def test_pageblocks_count_what_is_free_and_what_of_it_a_balloon_may_have(lab, cells):
    view = lab.pageblocks()
    lab.model.machine = (OWN.format("Movable", *[5] * 10)) + OWN.format("HighAtomic", *[2] * 10)
    movable, kept = 5 * 1023 + 1024, 2 * 1023 + 1024
    rows = cells(view)
    assert rows["Movable"][1:] == [f"{movable:,}", f"{movable:,}"]
    assert rows["HighAtomic"][1:] == [f"{kept:,}", "0"]
    assert f"of {movable + kept:,} free pages a balloon may have {movable:,}" in view.caption
    assert "Movable" in view.fold or "movable" in view.fold


def test_types_of_a_modelled_guest_are_said_to_be_assumed(lab):
    assert "every pageblock is taken for movable" in lab.pageblocks().caption
