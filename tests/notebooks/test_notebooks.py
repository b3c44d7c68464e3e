"""Every notebook, run as a reader runs it. What its lab does is tested in `tests/lab`."""

from functools import cache

import nbformat
import pytest
from lessons import LESSONS, quick_lesson

from balloonkit.publish.notebooks import WIDGET_VIEW, hidden_errors, run_notebook, static_copy

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@cache
def ran(path):
    """The notebook after a run."""
    notebook = quick_lesson(path)
    for cell in notebook.cells:
        cell.outputs = []
    return run_notebook(notebook, path.parent)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [out for cell in code_cells(notebook) for out in cell.outputs]


def shape(cell):
    return [(out.output_type, sorted(out.get("data", {}))) for out in cell.outputs]


def test_no_cell_and_no_widget_raises(path):
    assert hidden_errors(ran(path)) == []


def test_no_cell_writes_to_standard_error(path):
    assert [out.text for out in outputs(ran(path)) if out.get("name") == "stderr"] == []


def test_every_widget_has_a_text_twin_and_a_picture_or_html(path):
    for out in outputs(ran(path)):
        data = out.get("data", {})
        if WIDGET_VIEW in data:
            assert "text/plain" in data
            assert {"text/html", "image/png"} & set(data), data["text/plain"][:80]


def test_links_to_other_notebooks_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    linked = [part.split(")")[0] for part in text.split("](")[1:]]
    for target in linked:
        if target.endswith(".ipynb"):
            assert (path.parent / target).exists(), target


def test_what_is_committed_shows_what_a_run_shows(path):
    committed, fresh = read(path), static_copy(ran(path))
    again = "run: python -m balloonkit.publish.notebooks notebooks"
    for cell, run_cell in zip(code_cells(committed), code_cells(fresh), strict=True):
        assert shape(cell) == shape(run_cell), again


def test_what_is_committed_holds_no_widget_and_no_count(path):
    committed = read(path)
    assert "widgets" not in committed.metadata
    for cell in code_cells(committed):
        assert cell.execution_count is None
        assert all(WIDGET_VIEW not in out.get("data", {}) for out in cell.outputs)
