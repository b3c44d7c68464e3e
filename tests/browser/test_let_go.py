"""Cells that run again, in real JupyterLab: browser and kernel keep nothing of what they showed."""

import pytest
from lab_server import write_notebook

SETUP = "from balloonkit.lab import FragmentationLab, QuestionsLab, StepPlayer"
CELLS = (
    f"{SETUP}\nfrom balloonkit import Guest, trace_inflate\nlab = FragmentationLab()\n"
    "trace = trace_inflate(Guest.idle('256KiB'), 20).as_dict()",
    "lab.guest()",
    "lab.ask('count', seed=1)",
    "StepPlayer(trace)",
)
#: What a view leaves behind when somebody still holds it: its pictures, and what watches them.
KEPT = ("HTMLCanvasElement", "IntersectionObserver", "ResizeObserver", "MutationObserver")


@pytest.fixture(scope="module")
def page(tmp_path_factory, notebook_page):
    path = write_notebook(tmp_path_factory.mktemp("let_go"), *CELLS)
    with notebook_page(path, viewport={"width": 1280, "height": 3600}) as page:
        yield page


def kept_objects(page):
    """Count what the browser's collector leaves alive, by kind."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    counts = {}
    for kind in KEPT:
        evaluated = devtools.send("Runtime.evaluate", {"expression": f"{kind}.prototype"})
        prototype = {"prototypeObjectId": evaluated["result"]["objectId"]}
        found = devtools.send("Runtime.queryObjects", prototype)["objects"]["objectId"]
        length = "function() { return this.length; }"
        call = {"objectId": found, "functionDeclaration": length}
        counts[kind] = devtools.send("Runtime.callFunctionOn", call)["result"]["value"]
        devtools.send("Runtime.releaseObject", {"objectId": found})
    devtools.detach()
    return counts


def kernel_models(page):
    """Count the widgets the kernel keeps."""
    return page.evaluate(
        """async () => {
        const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
        const count = "len(__import__('ipywidgets').Widget.widgets)";
        const asked = { code: "", silent: true, user_expressions: { count } };
        const answer = await kernel.requestExecute(asked).done;
        return Number(answer.content.user_expressions.count.data["text/plain"]);
    }"""
    )


def test_running_all_cells_again_leaves_as_much_behind_as_running_them_once(page, run_all):
    run_all(page)
    page.locator("canvas").first.wait_for()
    kept, models = kept_objects(page), kernel_models(page)
    assert kept["HTMLCanvasElement"] == 5  # two maps, and the player's three grids

    for _ in range(2):
        run_all(page)

    assert kept_objects(page) == kept
    assert kernel_models(page) == models
