"""The face: what one imports by which name, and that a name stands for one thing."""

import ast
import subprocess
import sys
from collections import defaultdict
from importlib.resources import files as resources
from pathlib import Path

import pytest

import balloonkit
from balloonkit import lab

PACKAGE = Path(balloonkit.__file__).parent


def public_names(module):
    """Names a module defines for others: classes, functions, and aliases of types."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            # what is written like a class: constants are all capitals
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
            names = [name for name in names if name[0].isupper() and not name.isupper()]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_") and name != "main")


def test_no_public_name_stands_for_two_things():
    homes = defaultdict(list)
    for module in sorted(PACKAGE.rglob("*.py")):
        for name in public_names(module):
            homes[name].append(str(module.relative_to(PACKAGE)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_the_short_imports_work():
    code = """
from balloonkit import Feature, Guest, Machine, __version__
from balloonkit import load_capture, run_race, trace_inflate
from balloonkit.guest import BalloonDriver, BuddyAllocator
from balloonkit.lab import RaceLab
print(__version__, RaceLab.__module__)
"""
    assert run(code) == [balloonkit.__version__, "balloonkit.lab.lessons.the_race.lab"]


def test_the_package_and_its_empty_lab_load_no_widgets_and_no_pictures():
    code = "import sys, balloonkit, balloonkit.lab; balloonkit.run_race; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in run(code)}
    assert "balloonkit" in loaded
    assert not loaded & {"matplotlib", "ipywidgets", "anywidget", "traitlets", "rich"}


@pytest.mark.parametrize("name", lab.__all__)
def test_a_lab_is_found_by_its_name(name):
    assert getattr(lab, name).__name__ == name


def test_every_lab_of_the_lessons_is_listed_and_a_wrong_name_is_answered_with_the_right_ones():
    labs = {name for m in (PACKAGE / "lab").rglob("lab.py") for name in public_names(m)}
    assert {name for name in labs if name.endswith("Lab")} <= set(lab.__all__)
    assert set(lab.__all__) <= set(dir(lab))
    with pytest.raises(AttributeError, match=r"no 'RaceLap': choose from CaptureLab, .*RaceLab"):
        lab.RaceLap  # noqa: B018


def test_types_are_shipped():
    assert resources("balloonkit").joinpath("py.typed").is_file()
