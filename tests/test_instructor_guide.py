"""The instructor's guide keeps its word: minutes add up, and what it names is there."""

import re
from pathlib import Path

import pytest

from balloonkit.publish.handout import _TAKE_HOME

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "instructor.md").read_text()
PLANS = re.findall(r"^### (\d+) minutes.*?$(.*?)(?=^##)", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("minutes", "plan"), PLANS, ids=[minutes for minutes, _ in PLANS])
def test_a_plans_minutes_add_up_with_its_buffer(minutes, plan):
    parts = re.findall(r"^\| (\d+) \| ([^|]+) \|", plan, re.MULTILINE)
    assert sum(int(part) for part, _ in parts) == int(minutes)
    (buffer,) = [int(part) for part, name in parts if name.strip() == "Buffer"]
    assert buffer >= int(minutes) / 10


def test_there_are_plans_for_45_90_and_180_minutes():
    assert [minutes for minutes, _ in PLANS] == ["45", "90", "180"]


def test_lessons_and_exercises_it_names_exist():
    for number in re.findall(r"[Ll]esson (\d)", GUIDE):
        assert list((ROOT / "notebooks").glob(f"{number}-*.ipynb")), number
    for number in re.findall(r"[Ee]xercise (\d)", GUIDE):
        assert list((ROOT / "exercises").glob(f"{number}-*.ipynb")), number
    assert (ROOT / "tests" / "run.sh").is_file()


def test_points_to_take_home_are_those_of_the_hand_out():
    for point in _TAKE_HOME:
        assert point.rstrip(".") in " ".join(GUIDE.split())
