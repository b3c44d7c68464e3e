"""Questions and exercises in JupyterLab: no output keeps anybody out, whatever it just said."""

from pathlib import Path

import nbformat
import pytest
from lab_server import write_notebook

from balloonkit.questions import KINDS

EXERCISES = sorted((Path(__file__).parents[2] / "exercises").glob("*.ipynb"))
QUESTIONS = f"""
from balloonkit.lab import QuestionsLab
from IPython.display import display
lab = QuestionsLab()
for kind in {sorted(KINDS)}:
    opened, right, wrong, revealed = views = [lab.ask(kind, seed=3) for _ in range(4)]
    right.check(right.question.reveal().answer)
    wrong.check("7")
    revealed.reveal()
    display(*views)
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory, notebook_page, run_all):
    """All questions in every state, and the cells of all exercises, on one page."""
    notebooks = [nbformat.read(path, as_version=4) for path in EXERCISES]
    cells = [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]
    folder = tmp_path_factory.mktemp("exercises")
    path = write_notebook(folder, QUESTIONS, *[cell.source for cell in cells])
    with notebook_page(path, viewport={"width": 1280, "height": 20_000}) as page:
        run_all(page)
        yield page


def test_every_kind_of_question_is_on_the_page(page):
    assert page.locator(".balloonkit-ask").count() >= 4 * len(KINDS)


def test_no_exercise_raises_before_it_is_solved(page):
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts() == []


def test_the_checker_finds_a_control_without_a_name(new_page, axe):
    page = new_page()
    page.set_content("<html lang='en'><title>A page</title><main><input></main></html>")
    assert [name for name, _, _ in axe(page)] == ["label"]


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_no_question_or_exercise_has_a_serious_accessibility_finding(page, axe, theme):
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function(f"document.body.dataset.jpThemeName === '{theme}'")
    assert axe(page, ".jp-OutputArea-output") == []
