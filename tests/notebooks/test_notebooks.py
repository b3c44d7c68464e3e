"""Every notebook, run as a reader runs it, with every control moved."""

from functools import cache
from itertools import takewhile

import nbformat
import pytest
from lessons import LESSONS, quick_lesson

from balloonkit.publish.notebooks import WIDGET_VIEW, hidden_errors, run_notebook, static_copy

VISIBLE_LINES = 10

# Sends values the way the browser does, for each control of each view in turn.
MOVE_EVERY_CONTROL = """
import gc
from balloonkit.lab.view.view import LabView

for view in [found for found in gc.get_objects() if isinstance(found, LabView)]:
    start = dict(view.values)
    for control in view.spec:
        if control["kind"] == "range":
            moves = [control["low"], control["high"]]
        elif control["kind"] == "choice":
            # Long menus are sizes: the larger ones only take longer.
            moves = [value for _, value in control["options"]][:3]
        elif control["kind"] == "paste":
            # Where a lesson needs pages, a text is refused, with the reason.
            text = "Node 0, zone   Normal " + 10 * "     9 " + "    40"
            moves = [text] if "Paste" in control["help"] else [""]
        else:
            moves = [True, False]
        for value in [*moves, start[control["name"]]]:
            values = {**view.values, control["name"]: value}
            view.asked = {"what": "move", "values": values, "number": view.answered + 1}
            moved = (view.title, control["name"], value)
            assert view.answered == view.asked["number"], moved
            assert not view.error, (moved, view.error)
            assert view.values[control["name"]] == value, moved
"""

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@cache
def ran(path):
    """The notebook after a run and a move of every control; the cell that moves is its last."""
    notebook = quick_lesson(path)
    for cell in notebook.cells:
        cell.outputs = []
    notebook.cells.append(nbformat.v4.new_code_cell(MOVE_EVERY_CONTROL))
    return run_notebook(notebook, path.parent)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [out for cell in code_cells(notebook) for out in cell.outputs]


def shape(cell):
    return [(out.output_type, sorted(out.get("data", {}))) for out in cell.outputs]


def test_no_cell_and_no_widget_raises_when_every_control_is_moved(path):
    assert hidden_errors(ran(path)) == []


def test_no_cell_writes_to_standard_error(path):
    assert [out.text for out in outputs(ran(path)) if out.get("name") == "stderr"] == []


def test_every_widget_has_a_text_twin_and_a_picture_or_html(path):
    for out in outputs(ran(path)):
        data = out.get("data", {})
        if WIDGET_VIEW in data:
            assert "text/plain" in data
            assert {"text/html", "image/png"} & set(data), data["text/plain"][:80]


def test_at_most_ten_lines_of_code_are_visible(path):
    lines = [line for cell in code_cells(read(path)) for line in cell.source.splitlines()]
    assert len([line for line in lines if line.strip()]) <= VISIBLE_LINES


def test_begins_with_a_title_and_three_goals(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    lines = first.source.splitlines()
    assert lines[0].startswith("# ")
    assert "## Goals" in lines
    goals = list(takewhile(lambda line: line[:2] != "##", lines[lines.index("## Goals") + 1 :]))
    assert [line[:2] for line in goals if line[:1].isdigit()] == ["1.", "2.", "3."]


def test_links_to_other_notebooks_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    linked = [part.split(")")[0] for part in text.split("](")[1:]]
    for target in linked:
        if target.endswith(".ipynb"):
            assert (path.parent / target).exists(), target


def test_what_is_committed_shows_what_a_run_shows(path):
    committed, fresh = read(path), static_copy(ran(path))
    again = "run: python -m balloonkit.publish.notebooks notebooks"
    for cell, run_cell in zip(code_cells(committed), code_cells(fresh)[:-1], strict=True):
        assert shape(cell) == shape(run_cell), again


def test_what_is_committed_holds_no_widget_and_no_count(path):
    committed = read(path)
    assert "widgets" not in committed.metadata
    for cell in code_cells(committed):
        assert cell.execution_count is None
        assert all(WIDGET_VIEW not in out.get("data", {}) for out in cell.outputs)
