"""Every lesson goes through the same checks: its files, its steps, its controls, its notebook."""

import ast
import inspect
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from lessons import LESSONS
from matplotlib.figure import Figure
from traitlets import HasTraits

import balloonkit.lab.lessons
from balloonkit import lab
from balloonkit.lab.lab import Lab, View
from balloonkit.lab.lessons.host_release.model import SIZES
from balloonkit.lab.view.drawing import png_uri
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.view import LabView
from balloonkit.lab.view.widget import ShownWidget

ROOM = Path(balloonkit.lab.lessons.__file__).parent
FOLDERS = sorted(path.parent for path in ROOM.glob("*/__init__.py"))


def small(opened):
    """Let a lab begin with its smallest guest."""
    for model in vars(opened).values():
        if isinstance(model, HasTraits) and model.has_trait("size"):
            model.size = model.traits()["size"].values[0]
    return opened


#: How a test opens the lab of each lesson.
LABS = {
    "fragmentation": lab.FragmentationLab,
    "chunk_formation": lambda: lab.ChunkLab("seed=7 pages=64"),
    "host_release": lab.ReleaseLab,
    "the_race": lab.RaceLab,
    "real_guests": lambda: lab.CaptureLab("aged-1g"),
    "live_guest": lambda: lab.LiveLab("256MiB"),
    "review_the_patch": lab.ReviewLab,
    "lineage": lab.LineageLab,
    "index": lab.Welcome,
}
NOTEBOOKS = {path.stem.lstrip("0123456789-").replace("-", "_"): path for path in LESSONS}
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_LESSON = 300, 10
#: What nothing may do while it draws.
ACTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
ACTS |= {"socket.connect", "socket.bind"}
_seen = SimpleNamespace(watching=False, acts=[])


def _hear(event, arguments):
    if _seen.watching and event in ACTS:
        _seen.acts.append((event, arguments))


sys.addaudithook(_hear)


def acts_of(draw, *arguments):
    """Return what `draw` makes, and which processes and connections it began."""
    _seen.watching, _seen.acts = True, []
    try:
        return draw(*arguments), _seen.acts
    finally:
        _seen.watching = False


@pytest.fixture(scope="module", params=LABS)
def lesson(request, tmp_path_factory):
    """A lesson's lab with every step shown; without QEMU, so that lesson 6 has its recorded guest.

    Live guests have tests of their own.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "live_guest":
            patch.setenv("PATH", str(tmp_path_factory.mktemp("no-programs")))
        opened = small(LABS[request.param]())
        steps = {step: getattr(opened, step)() for step in opened.steps}
        yield SimpleNamespace(name=request.param, lab=opened, steps=steps)


def lab_views(step):
    """Return the views with controls that a step shows."""
    parts = getattr(step, "parts", [step])
    return [part for part in parts if isinstance(part, LabView)]


def views_of(lesson):
    return [view for step in lesson.steps.values() for view in lab_views(step)]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_there_is_a_lab_a_notebook_and_a_folder_for_every_lesson():
    assert {folder.name for folder in FOLDERS} == set(LABS) == set(NOTEBOOKS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_lesson_has_a_model_that_computes_pictures_that_draw_and_a_lab_that_joins_them(folder):
    assert {"model.py", "pictures.py", "lab.py"} <= {path.name for path in folder.glob("*.py")}
    rooms = {name: list(imported(folder / f"{name}.py")) for name in ("model", "pictures", "lab")}
    drawing = ("matplotlib", "anywidget", "ipywidgets", "IPython", "balloonkit.lab.lab")
    assert [name for name in rooms["model"] if name.startswith(drawing)] == []
    acting = ("anywidget", "ipywidgets", "traitlets", "IPython", "subprocess", "os", "time")
    acting += (
        "balloonkit.live",
        "balloonkit.host.process",
        "balloonkit.machine",
        "balloonkit.lab.lab",
    )
    assert [name for name in rooms["pictures"] if name.startswith(acting)] == []
    assert [name for name in rooms["lab"] if name.startswith("matplotlib")] == []


def test_no_file_of_the_lab_is_longer_than_one_reads():
    long = {
        str(path.relative_to(ROOM.parent)): lines
        for path in ROOM.parent.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES_OF_A_FILE
    }
    assert long == {}


def test_every_step_returns_a_view_with_a_title_and_says_in_a_sentence_what_it_shows(lesson):
    assert isinstance(lesson.lab, Lab)
    for name, step in lesson.steps.items():
        assert isinstance(step, View), name
        assert step.title, name
        assert step.caption, name
        assert getattr(type(lesson.lab), name).__doc__, name


def test_every_method_that_returns_a_view_is_a_step(lesson):
    returns = {
        name: method.__annotations__.get("return")
        for name, method in vars(type(lesson.lab)).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }
    views = {name for name, kind in returns.items() if isinstance(kind, type)}
    views = {name for name in views if issubclass(returns[name], ShownWidget)}
    parts = {"compare"} if lesson.name == "chunk_formation" else set()  # of its bench
    assert views - parts == set(lesson.steps)


def test_all_shows_every_step_in_the_order_of_the_lesson(lesson):
    shown = lesson.lab.all().parts

    assert [part.title for part in shown] == [step.title for step in lesson.steps.values()]


def test_where_no_kernel_runs_a_step_is_still_a_picture_or_html_and_text(lesson):
    for name, step in lesson.steps.items():
        data = step.static()
        assert data["text/plain"], name
        assert {"text/html", "image/png"} & set(data), name
        for view in lab_views(step):
            assert view.caption in data["text/plain"]
            assert data["text/html"].count("data:image/png;base64,") >= len(view.panes)


def test_a_table_says_what_the_picture_says_with_a_head_for_each_column(lesson):
    for view in views_of(lesson):
        _, table = view._shown
        assert table.caption == view.caption
        assert table.rows, view.title
        assert {len(row) for row in table.rows} == {len(table.head)}, view.title


def explained(axes):
    """Tell whether a chart says what its colours are: in a legend, or beside what is drawn."""
    bars = [bar for bars in axes.containers for bar in getattr(bars, "patches", bars)]
    colours = {bar.get_facecolor() for bar in bars} | {line.get_color() for line in axes.lines}
    names = [*axes.texts, *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label]
    named = {text.get_text() for text in names} - {""}
    return axes.get_legend() is not None or len(named) >= len(colours)


def test_every_picture_has_a_legend(lesson):
    for view in views_of(lesson):
        for pane in view._shown[0]:
            if isinstance(pane, PageMap):
                used = [look for look, pages in zip(pane.looks, pane.totals, strict=True) if pages]
                assert used, view.title
                assert all(look.label for look in used), view.title
            else:
                assert isinstance(pane, Figure)
                assert all(explained(axes) for axes in pane.axes), view.title


def test_every_control_has_a_name_of_its_own_that_can_be_read_out(lesson):
    for view in views_of(lesson):
        labels = [control["label"] for control in view.spec]
        assert all(labels), view.title
        assert len(set(labels)) == len(labels), view.title
        for control in view.spec:
            assert len(control["label"]) <= 24, "a label is a name; a sentence is its help"
            for text, _ in control.get("options", ()):
                assert text, (view.title, control["label"])


def ends(control):
    """Return where a control can be moved to; of real memory, only what takes no long time."""
    if control["kind"] == "range":
        return [control["low"], control["high"]]
    if control["kind"] == "switch":
        return [True, False]
    if control["kind"] == "paste":
        return [""]
    values = [value for _, value in control["options"]]
    return values[:2] if set(values) <= set(SIZES) else [values[-1], values[0]]


def move(view, name, value):
    """Do what the browser does when a control is released."""
    moved = {**view.values, name: value}
    view.set_state({"asked": {"what": "move", "values": moved, "number": view.answered + 1}})


def test_every_control_goes_to_both_ends_and_back(lesson):
    for name in lesson.steps:
        # A lab of its own, so that a move draws in this view only.
        opened = small(LABS[lesson.name]())
        for view in lab_views(getattr(opened, name)()):
            for control in view.spec:
                start = view.values[control["name"]]
                for value in [*ends(control), start]:
                    move(view, control["name"], value)
                    moved = (view.title, control["name"], value)
                    assert view.error == "", moved
                    assert view.values[control["name"]] == value, moved
                    assert view.answered == view.asked["number"], moved


def test_drawing_starts_nothing_changes_no_input_and_draws_the_same_again(lesson):
    for view in views_of(lesson):
        inputs = dict(view.values)

        (panes, table), acts = acts_of(view._show, view.result)

        assert acts == [], view.title
        assert {name: getattr(view._model, name) for name in inputs} == inputs
        before_panes, before = view._shown
        assert (table.caption, table.texts()) == (before.caption, before.texts())
        assert list(map(png_uri, panes)) == list(map(png_uri, before_panes)), view.title
        assert view._show.__module__.startswith(f"balloonkit.lab.lessons.{lesson.name}.")


def test_a_drawing_that_starts_a_process_would_be_caught():
    _, acts = acts_of(subprocess.run, [sys.executable, "-c", ""])

    assert {event for event, _ in acts} & ACTS


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_a_title_and_three_goals(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    lines = first.source.splitlines()
    assert lines[0].startswith("# ")
    assert "## Goals" in lines
    goals = list(takewhile(lambda line: line[:2] != "##", lines[lines.index("## Goals") + 1 :]))
    assert [line[:2] for line in goals if line[:1].isdigit()] == ["1.", "2.", "3."]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_notebook_shows_at_most_ten_lines_of_code_and_every_step(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES_OF_A_LESSON
    named = {name for name in lab.__all__ if f"import {name}\n" in code}
    (opened,) = (getattr(lab, name) for name in named)
    assert [step for step in opened.steps if f".{step}(" not in code] == []
