"""The review in real JupyterLab: faults chosen by keyboard, with and without a kernel."""

import nbformat
import pytest

CODE = "from balloonkit.lab.review import ReviewLab\nReviewLab().fault('B3')"


@pytest.fixture
def view(tmp_path, open_notebook, run_all):
    """Return the page and the review on it."""
    path = tmp_path / "review.ipynb"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [nbformat.v4.new_code_cell(CODE)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    page = open_notebook(path)
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
