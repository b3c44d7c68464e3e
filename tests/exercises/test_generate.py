"""Exercise notebooks: each is what its solution makes, and shows nothing of it."""

import runpy
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "exercises"
GENERATE = runpy.run_path(str(FOLDER / "generate.py"))
SOLUTIONS = sorted((FOLDER / "solutions").glob("*.py"))
IDS = [path.stem for path in SOLUTIONS]


def test_there_are_six_exercises_after_the_warm_up_and_a_notebook_for_each():
    assert len(SOLUTIONS) == 7
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == IDS


@pytest.mark.parametrize("path", SOLUTIONS, ids=IDS)
def test_a_notebook_is_what_its_solution_makes(path):
    made = GENERATE["exercise_of"](path.read_text())
    notebook = (FOLDER / f"{path.stem}.ipynb").read_text()
    assert notebook == made, "run python exercises/generate.py and commit the result"
    nbformat.validate(nbformat.reads(made, as_version=4))


def test_a_solution_leaves_nothing_but_its_place():
    script = (
        "# %% [markdown]\n# Why?\n\n"
        '# %% [markdown] tags=["solution"]\n# Because.\n\n'
        "# %%\nanswer = ...\n# BEGIN SOLUTION\nanswer = 42\n# END SOLUTION\nprint(answer)\n\n\n"
        "def double(n):\n    ...  # your turn\n    # BEGIN SOLUTION\n    return 2 * n\n"
        "    # END SOLUTION\n"
    )
    notebook = nbformat.reads(GENERATE["exercise_of"](script), as_version=4)
    assert [cell.source for cell in notebook.cells] == [
        "Why?",
        "answer = ...\nprint(answer)\n\n\ndef double(n):\n    ...  # your turn",
    ]


@pytest.mark.parametrize("path", SOLUTIONS, ids=IDS)
def test_a_notebook_shows_no_solution(path):
    script = path.read_text()
    text = (FOLDER / f"{path.stem}.ipynb").read_text()
    assert script.count("# BEGIN SOLUTION") == script.count("# END SOLUTION")
    assert "SOLUTION" not in text
    assert '"solution"' not in text


def test_a_changed_notebook_fails_the_check_with_its_name(tmp_path, capsys):
    folder = tmp_path / "exercises"
    (folder / "solutions").mkdir(parents=True)
    (folder / "generate.py").write_text((FOLDER / "generate.py").read_text())
    (folder / "solutions" / "one.py").write_text("# %%\nprint(1)\n")
    main = runpy.run_path(str(folder / "generate.py"))["main"]

    assert main(["--check"]) == 1
    assert "one.ipynb" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
    (folder / "one.ipynb").write_text("{}")
    assert main(["--check"]) == 1
