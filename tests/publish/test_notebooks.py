"""Running notebooks: errors are found wherever they hide, and copies need no kernel."""

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from balloonkit.publish.notebooks import (
    WIDGET_VIEW,
    execute,
    hidden_errors,
    run_notebook,
    static_copy,
)

HIDDEN = """
import ipywidgets
slider = ipywidgets.IntSlider(description="n")
display(ipywidgets.interactive_output(lambda n: 1 // n, {"n": slider}))
"""
VIEW = """
import traitlets
from balloonkit.lab.view.controls import Range
from balloonkit.lab.view.view import LabView

class Model(traitlets.HasTraits):
    n = traitlets.Int(1)

def run():
    if not model.n:
        raise ValueError("n 0: give one")

def show(nothing):
    from matplotlib.figure import Figure
    from balloonkit.lab.view.table import Table
    return [Figure(figsize=(1, 1))], Table("one", ["a", "b"], [["c", "d"]])

model = Model()
n = Range(name="n", label="n", low=0, high=1)
view = LabView(model, [n], run, show, "A title")
view
"""


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])


def test_a_division_by_zero_in_a_widgets_output_area_is_found(tmp_path):
    assert hidden_errors(run_notebook(notebook(HIDDEN), tmp_path)) == [
        "ZeroDivisionError: integer division or modulo by zero"
    ]


def test_an_error_a_lab_view_shows_instead_of_raising_is_found(tmp_path):
    assert hidden_errors(run_notebook(notebook(VIEW, "model.n = 0"), tmp_path)) == ["n 0: give one"]


def test_a_cell_that_raises_stops_the_run(tmp_path):
    path = tmp_path / "bad.ipynb"
    nbformat.write(notebook("1 // 0"), path)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(path)


def test_a_static_copy_has_the_picture_beside_the_table_and_no_widget(tmp_path):
    ran = run_notebook(notebook(VIEW), tmp_path)
    assert WIDGET_VIEW in ran.cells[0].outputs[0].data
    copy = static_copy(ran)
    picture, table = copy.cells[0].outputs
    assert picture.data["image/png"].startswith("iVBOR")
    assert picture.metadata["image/png"]["alt"] == "A title: one; the table below says it"
    assert "<img" not in table.data["text/html"]
    assert "<caption>one</caption>" in table.data["text/html"]
    assert table.data["text/plain"].startswith("one\n")
    assert "widgets" not in copy.metadata
    assert copy.cells[0].execution_count is None
    nbformat.validate(copy)
    assert WIDGET_VIEW in ran.cells[0].outputs[0].data, "the original is left alone"
