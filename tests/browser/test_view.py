"""A lab's view in real JupyterLab: moved by keyboard and mouse, and without its kernel."""

from pathlib import Path

import pytest
from lab_server import write_notebook

CODE = "from balloonkit.lab import FragmentationLab\nlab = FragmentationLab()"
SETTLED = "() => !document.querySelector('.balloonkit-view .panes').classList.contains('stale')"

CAPTURE = Path(__file__).parents[1] / "captures" / "cached-384m.npz"

#: Rows of the map of an 8 GiB guest.
ROWS = 80


@pytest.fixture(scope="module")
def page(tmp_path_factory, notebook_page):
    """One page for all tests; the last one ends its kernel."""
    cells = (CODE, "lab.guest()", "lab.blocks()", "lab.blocks()")
    path = write_notebook(tmp_path_factory.mktemp("view"), *cells)
    with notebook_page(path, viewport={"width": 1280, "height": 3600}) as page:
        yield page


@pytest.fixture
def views(page, run_all):
    """New views, in the order of their cells."""
    run_all(page)
    views = page.locator(".jp-OutputArea-output .balloonkit-view")
    for nth in range(3):
        views.nth(nth).locator("canvas").first.wait_for()
    return views


@pytest.fixture
def view(page, views):
    """Return the page and the view of the first lab's first step."""
    return page, views.first


def wait_for_caption(page, text):
    page.wait_for_function(
        "text => document.querySelector('.balloonkit-view .caption').textContent.includes(text)",
        arg=text,
    )


def test_arrow_keys_move_a_slider_and_the_picture_follows(view):
    page, view = view
    slider = view.get_by_label("fragmentation")
    slider.focus()

    page.keyboard.press("ArrowRight")

    wait_for_caption(page, "aged 0.11")
    page.wait_for_function(SETTLED)
    assert view.locator(".control output").nth(1).text_content() == "0.11"


def test_moves_made_while_drawing_wait_and_only_the_last_is_sent(view):
    page, view = view
    view.get_by_label("fragmentation").focus()
    page.sent.clear()

    for _ in range(10):
        page.keyboard.press("ArrowRight")

    wait_for_caption(page, "aged 0.2:")
    page.wait_for_function(SETTLED)
    moves = [frame for frame in page.sent if b"comm_msg" in _bytes(frame)]
    assert 1 <= len(moves) < 10


def test_a_machine_of_ones_own_is_pasted_or_chosen_as_a_file(view):
    page, view = view
    box = view.get_by_label("your machine", exact=True)

    box.fill("Node 0, zone   Normal" + 11 * "      3")
    page.keyboard.press("Tab")
    wait_for_caption(page, "pasted text")
    view.get_by_label("your machine: a file").set_input_files(CAPTURE)
    wait_for_caption(page, "your capture")
    assert box.input_value() == "file cached-384m.npz, 14,065 bytes"
    box.fill("")
    page.keyboard.press("Tab")
    wait_for_caption(page, "8 GiB aged")


def test_a_fold_opens_by_keyboard_and_its_code_can_be_focused(views, page):
    blocks = views.nth(1)
    summary = blocks.get_by_text("The rules in Python")
    code = blocks.get_by_role("region", name="The rules in Python")
    assert not code.is_visible()

    summary.focus()
    page.keyboard.press("Enter")

    code.wait_for()
    assert "lists[order].remove(buddy_pfn)" in code.text_content()
    page.keyboard.press("Tab")
    assert code.evaluate("code => code === document.activeElement")


def test_a_click_on_the_map_moves_the_magnifier(view):
    _, view = view
    canvas = view.locator("canvas").first
    box = canvas.bounding_box()

    canvas.click(position={"x": 5, "y": box["height"] * 8.5 / ROWS})

    # a tenth of 10 GiB of addresses
    view.get_by_text("1024 pages from PFN 262,144").wait_for()
    assert 10 <= float(view.get_by_label("magnify at").input_value()) <= 10.04


def test_the_pointer_reads_address_and_share_of_a_cell(view):
    _, view = view
    canvas = view.locator("canvas").first
    box = canvas.bounding_box()
    canvas.hover(position={"x": 1, "y": box["height"] * 24.5 / ROWS})

    text = view.locator(".readout").first.text_content()

    assert text == "PFN 786,432 to 786,559, address 0xc0000000: no RAM 100 %"


def test_every_control_has_a_label_and_the_table_says_the_same(view):
    _, view = view
    for label in ("guest", "fragmentation", "seed", "magnify at"):
        assert view.get_by_label(label, exact=True).count() == 1
    view.get_by_text("The same as a table").click()

    assert view.locator("table th[scope=row]").all_text_contents() == ["DMA", "DMA32", "Normal"]


def test_labels_of_a_second_view_belong_to_its_own_controls(views):
    second = views.nth(2)

    second.get_by_text("pages taken", exact=True).click()

    field = second.get_by_label("pages taken", exact=True)
    assert field.evaluate("field => field === document.activeElement")


def test_a_dead_kernel_leaves_the_picture_and_is_named(view, jupyterlab):
    page, view = view
    jupyterlab.end_kernels()
    view.get_by_label("seed").focus()
    page.keyboard.press("ArrowRight")

    view.get_by_text("Is the kernel still running?").wait_for()
    assert view.locator("canvas").count() == 2
    page.problems.clear()  # JupyterLab itself complains about the kernel that is gone


def _bytes(frame):
    return frame if isinstance(frame, bytes) else frame.encode()
