"""A question in real JupyterLab: answered by keyboard, advised in words, saved."""

import pytest
from lab_server import write_notebook

from balloonkit.questions import ask

CODE = "from balloonkit.lab import QuestionsLab\nlab = QuestionsLab()\nlab.ask('chunks', seed=2)"
VERDICT = "text => document.querySelector('.balloonkit-ask .status').textContent.includes(text)"


@pytest.fixture(scope="module")
def page(tmp_path_factory, notebook_page):
    """One page for all tests; the last one ends its kernel."""
    with notebook_page(write_notebook(tmp_path_factory.mktemp("ask"), CODE)) as page:
        yield page


@pytest.fixture
def view(page, run_all):
    """Return the page and a new question on it."""
    run_all(page)
    view = page.locator(".jp-OutputArea-output .balloonkit-ask")
    view.wait_for()
    return page, view


def test_an_answer_is_given_advised_and_mended_by_keyboard_alone(view):
    page, view = view
    question = ask("chunks", 2)
    field = view.get_by_label(question.form.label)
    mistake = question.mistakes[0]
    field.focus()

    page.keyboard.type(question.form.write(mistake.answer))
    page.keyboard.press("Enter")
    page.wait_for_function(VERDICT, arg=mistake.why)
    assert view.get_by_role("status").text_content().startswith("✗ Page")

    field.fill(question.reveal().answer)
    page.keyboard.press("Enter")
    page.wait_for_function(VERDICT, arg="✓ Right.")


def test_the_answer_shows_on_demand_and_goes_with_the_next_problem(view):
    page, view = view
    view.get_by_role("button", name="Show the answer").click()
    view.get_by_text(ask("chunks", 2).reveal().reason).wait_for()

    view.get_by_role("button", name="Another one").click()

    view.get_by_text("Which chunks (seed 3)").wait_for()
    assert view.locator(".revealed dt").count() == 0
    assert page.evaluate("() => document.activeElement.type") == "text"


def test_my_answers_are_saved_as_a_text_file(view):
    page, view = view
    view.get_by_label("Your chunks").fill("100, 4")
    view.get_by_role("button", name="Check").click()
    page.wait_for_function(VERDICT, arg="✗")

    with page.expect_download() as download:
        view.get_by_role("button", name="Save my answers").click()

    assert download.value.suggested_filename == "my-answers.txt"
    with open(download.value.path()) as file:
        assert file.read() == "My answers, balloonkit\nchunks, seed 2: 100, 4 (not yet)\n"


def test_a_kernel_that_is_gone_is_named(view, jupyterlab):
    page, view = view
    jupyterlab.end_kernels()

    view.get_by_role("button", name="Check").click()

    view.get_by_text("Is the kernel still running?").wait_for()
    page.problems.clear()  # JupyterLab itself complains about the kernel that is gone
