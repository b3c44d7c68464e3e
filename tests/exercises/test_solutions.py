"""Solutions pass their own checks; an exercise not yet begun runs and says so."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "exercises" / "solutions"
SOLUTION = re.compile(r"^ *# BEGIN SOLUTION\n.*?^ *# END SOLUTION\n?", re.M | re.S)

#: How many answers each exercise asks for.
ANSWERS = {
    "1-fragmentation-by-hand": 3,
    "2-pack-a-bitmap-by-hand": 3,
    "3-write-pack-chunks": 1,
    "4-break-even": 3,
    "5-allocate-by-blocks": 1,
    "6-a-better-message": 1,
}
exercises = pytest.mark.parametrize(("name", "answers"), ANSWERS.items(), ids=list(ANSWERS))


def run(script, capsys):
    exec(compile(script, "exercise", "exec"), {})
    return capsys.readouterr().out


@exercises
def test_a_reference_solution_is_right_in_every_part(name, answers, capsys):
    said = run((FOLDER / f"{name}.py").read_text(), capsys)
    assert said.count("Right.") == answers
    assert "Not yet" not in said


@exercises
def test_an_exercise_not_yet_begun_runs_and_says_so(name, answers, capsys):
    said = run(SOLUTION.sub("", (FOLDER / f"{name}.py").read_text()), capsys)
    assert said.count("Not yet.") == answers
    assert said.count("Nothing is written yet.") + said.count("returns nothing.") == answers


def test_the_warm_up_poses_its_questions():
    names = {}
    exec((FOLDER / "0-predict-check-reason.py").read_text(), names)
    assert names["lab"].answers() == "My answers, balloonkit"


@exercises
def test_an_exercise_tells_its_time_and_asks_why(name, answers):
    script = (FOLDER / f"{name}.py").read_text()
    minutes = int(re.search(r"\*(\d+) minutes", script)[1])
    assert 10 <= minutes <= 60
    assert "## Why?" in script
