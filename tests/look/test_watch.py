"""A machine's free memory over time."""

import json

import pytest

from balloonkit.captures.texts import read_texts
from balloonkit.cli import main
from balloonkit.look import look_at
from balloonkit.look.watch import Course, sparkline


def test_each_zone_keeps_its_course_and_its_last_figure():
    course = Course()
    for blocks in (8, 4, 0):
        course.add(look_at(read_texts(f"Node 0, zone Normal 1 0 0 0 0 0 0 0 0 {blocks} 0")))
    free_kb = [4 + 2048 * blocks for blocks in (8, 4, 0)]
    assert course.free_kb == {"Node 0, zone Normal": free_kb}
    assert course.unusable["Node 0, zone Normal"] == [0, 0, 1000]
    assert sparkline([0, 0, 1000], most=1000) == "▁▁█"


def test_looks_come_as_lines_of_json(capsys):
    assert main(["look", "here", "--watch", "0.01", "--times", "2", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(json.loads(line)["zones"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["look", "-", "--watch", "1"], "look here --watch 2"),
        (["look", "here", "--times", "1"], "look here --watch 2"),
        (["look", "here", "--watch", "0"], "watch 0: give seconds"),
        (["look", "here", "--watch", "nan"], "watch nan: give seconds"),
    ],
)
def test_a_watch_that_makes_no_sense_is_refused(capsys, arguments, said):
    assert main(arguments) == 1
    assert said in capsys.readouterr().err
