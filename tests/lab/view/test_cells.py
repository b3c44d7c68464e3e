"""What a cell shows, in a real kernel that is told which cell runs."""

import pytest

SETUP = """
import traitlets
from ipywidgets import Widget
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.controls import Range
from balloonkit.lab.view.table import Table
from balloonkit.lab.view.view import LabView

runs = []

class Model(traitlets.HasTraits):
    pages = traitlets.Int(3)

model = Model()
pages = Range(name="pages", label="pages", low=0, high=9)

def new_view():
    def run():
        runs.append(model.pages)
        return model.pages
    return LabView(model, [pages], run, lambda n: ([], Table("Pages", ["n"], [[n]])), "Pages")

def moved():
    "How many views follow the model."
    before = len(runs)
    model.pages = (model.pages + 1) % 10
    return len(runs) - before
"""


@pytest.fixture(scope="module")
def kernel():
    manager = pytest.importorskip("jupyter_client.manager")
    kernel, client = manager.start_new_kernel()
    yield client
    client.stop_channels()
    kernel.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel):
    """Return a function (code, cell, deleted cells) that runs it as JupyterLab does."""

    def execute(code, cell=None, deleted=()):
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell, "deletedCells": list(deleted)} if cell else {}
        message = kernel.session.msg("execute_request", content, metadata=metadata)
        kernel.shell_channel.send(message)
        said = []
        while True:
            heard = kernel.get_iopub_msg(timeout=60)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if heard["msg_type"] == "error":
                pytest.fail("\n".join(heard["content"]["traceback"]))
            if heard["msg_type"] == "stream":
                said.append(heard["content"]["text"])
            if heard["content"].get("execution_state") == "idle":
                break
        while (
            kernel.get_shell_msg(timeout=60)["parent_header"]["msg_id"]
            != (message["header"]["msg_id"])
        ):
            pass
        return "".join(said).strip()

    execute(SETUP)
    return execute


def test_a_cell_that_runs_again_leaves_one_view_and_as_many_models(run):
    run("new_view()", "a")
    models = run("print(len(Widget.widgets))")
    for _ in range(4):
        run("new_view()", "a")

    assert run("print(len(Widget.widgets))") == models
    assert run("print(moved())") == "1"


def test_views_of_other_cells_stay(run):
    run("new_view()", "b")
    run("new_view()", "c")
    run("new_view()", "c")

    assert run("print(moved())") == "2"


def test_a_cell_that_shows_nothing_any_more_lets_its_view_go(run):
    run("new_view()", "d")
    run("1 + 1", "d")

    assert run("print(moved())") == "0"


def test_views_of_a_deleted_cell_are_let_go_when_the_next_one_runs(run):
    run("new_view()", "e")
    run("1 + 1", "f", deleted=["e"])

    assert run("print(moved())") == "0"


def test_a_view_shown_in_two_cells_is_let_go_with_the_last_of_them(run):
    run("view = new_view()")
    run("view", "g")
    run("view", "h")
    run("1", "g")
    assert run("print(moved())") == "1"

    run("1", "h")
    assert run("print(moved())") == "0"


def test_a_view_shown_again_by_its_own_cell_stays_the_same(run):
    run("view = new_view()")
    run("view", "i")
    model = run("print(view.model_id)")
    run("view", "i")

    assert run("print(view.model_id, moved())") == f"{model} 1"


def test_a_view_that_was_let_go_comes_back_with_the_models_present_values(run):
    run("old = new_view()")
    run("old", "j")
    run("1", "j")
    run("model.pages = 8")
    assert run("print(old.comm)") == "None"

    run("old", "k")

    assert run("print(old.values, old.comm is not None, moved())") == "{'pages': 8} True 1"


def test_the_parts_of_a_column_go_and_come_back_with_it(run):
    run("column = Column(new_view(), new_view())")
    run("column", "l")
    assert run("print(moved())") == "2"
    run("1", "l")
    assert run("print(moved())") == "0"

    run("column", "m")
    assert run("print(moved())") == "2"


def test_a_front_end_that_does_not_say_which_cell_runs_loses_nothing(run):
    for _ in range(3):
        run("new_view()")

    assert run("print(moved())") == "3"
