"""Chromium and a real JupyterLab for tests, see `lab_server`; and the accessibility checker."""

import contextlib
import functools
from pathlib import Path

import lab_server
import pytest
from npm_package import npm_package
from player_page import player_page
from sample_traces import sample_trace
from shown_player import KINDS, TRACED

#: The accessibility checker, and what it calls a finding that keeps somebody out.
AXE_VERSION = "4.14.1"
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(lab_server.CHROMIUM).exists():
        pytest.skip(f"no {lab_server.CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        chromium = lab_server.launch(driver)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser):
    """Return a function (context options) -> page, see `lab_server.watched_page`."""
    with contextlib.ExitStack() as pages:
        yield lambda **options: pages.enter_context(lab_server.watched_page(browser, **options))


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    pytest.importorskip("jupyterlab")
    lab = lab_server.Lab(tmp_path_factory.mktemp("jupyter"))
    lab.wait()
    yield lab
    lab.stop()


@pytest.fixture(scope="session")
def notebook_page(browser, jupyterlab):
    """Return a context manager (path of an .ipynb, context options) -> page with an idle kernel."""
    return functools.partial(lab_server.notebook_page, browser, jupyterlab)


@pytest.fixture
def open_notebook(notebook_page):
    """Return a function (path of an .ipynb, context options) -> page, see `notebook_page`."""
    with contextlib.ExitStack() as pages:
        yield lambda path, **options: pages.enter_context(notebook_page(path, **options))


@pytest.fixture(scope="session")
def run_all():
    """Return a function (page): run every cell and wait until the kernel is idle again."""
    return lab_server.run_all_cells


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """Return a function (page, selector) -> axe-core's serious findings, each with its place."""
    package = npm_package("axe-core", AXE_VERSION, tmp_path_factory.mktemp("axe"))
    code = (package / "axe.min.js").read_text()

    def check(page, selector="html"):
        page.evaluate(code)
        # without preload: a page from a folder may not fetch its own style sheets again
        run = "at => axe.run({include: [at]}, {resultTypes: ['violations'], preload: false})"
        return [
            (found["id"], node["target"], node["failureSummary"])
            for found in page.evaluate(run, selector)["violations"]
            if found["impact"] in SERIOUS
            for node in found["nodes"]
        ]

    return check


@pytest.fixture
def show(new_page, tmp_path):
    """Return a function (kind, context options) -> page with a player, and its trace and truth."""

    def open_player(kind="64", **options):
        traced = kind in TRACED
        trace, truth = (TRACED[kind](), None) if traced else sample_trace(**KINDS[kind])
        (tmp_path / "page.html").write_text(player_page(trace))
        page = new_page(**options)
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(f"file://{tmp_path}/page.html")
        page.wait_for_selector(".bk-player")
        return page, trace, truth

    return open_player
