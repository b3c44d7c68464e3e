"""The review in real JupyterLab: faults chosen by keyboard, with and without a kernel."""

import pytest
from lab_server import write_notebook

CODE = "from balloonkit.lab import ReviewLab\nReviewLab().fault('B3')"


@pytest.fixture(scope="module")
def page(tmp_path_factory, notebook_page):
    """One page for all tests; the last one ends its kernel."""
    with notebook_page(write_notebook(tmp_path_factory.mktemp("review"), CODE)) as page:
        yield page


@pytest.fixture
def view(page, run_all):
    """Return the page and a new review on it."""
    run_all(page)
    view = page.locator(".jp-OutputArea-output .balloonkit-review")
    view.wait_for()
    return page, view


def lit(view, part):
    return view.locator("section").nth(part).locator(".cell.lost .label").all_text_contents()


def test_the_lost_page_is_lit_on_one_side_only_and_said_in_words(view):
    _, view = view
    assert lit(view, 0) == ["101"]
    assert lit(view, 1) == []
    assert view.get_by_role("status").text_content().startswith("Page 101 is given up")


def test_a_fault_is_chosen_by_keyboard_and_the_hint_stays_shut_until_asked_for(view):
    page, view = view
    view.get_by_label("Fault", exact=True).focus()
    page.keyboard.press("ArrowDown")

    view.get_by_text("Balloon pages 0, 2, 4, 64.").wait_for()
    assert lit(view, 0) == ["4"]
    view.get_by_label("all its faults").check()
    assert lit(view, 0) == ["4", "64"]
    hint = view.get_by_text("next_zero is already a place")
    assert not hint.is_visible()
    view.get_by_text("A hint").click()
    assert hint.is_visible()


def test_faults_can_be_chosen_when_the_kernel_is_gone(view, jupyterlab):
    page, view = view
    jupyterlab.end_kernels()

    view.get_by_role("button", name="Next").click()

    view.get_by_text("Balloon pages 0, 2, 4, 64.").wait_for()
    page.problems.clear()  # JupyterLab itself complains about the kernel that is gone
