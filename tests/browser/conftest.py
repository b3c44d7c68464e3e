"""Chromium and a real JupyterLab for tests; both die with the test process."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from npm_package import npm_package

CHROMIUM = "/usr/bin/chromium"
#: Nothing the browser does by itself: no updates, no accounts, no GPU.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "t"
#: Made for JupyterLite; in JupyterLab, where it may be installed too, it can only fail to load.
FOREIGN = "@jupyterlite/pyodide-kernel-extension"
START_S = 60
#: The accessibility checker, and what it calls a finding that keeps somebody out.
AXE_VERSION = "4.14.1"
SERIOUS = {"serious", "critical"}
PR_SET_PDEATHSIG = 1  # linux/prctl.h

IDLE = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  return context?.isReady && context.session?.kernel?.status === "idle";
}"""
ALL_RUN = """() => {
  const {content, sessionContext} = window.jupyterapp.shell.currentWidget;
  return sessionContext.session.kernel.status === "idle" && content.widgets
    .filter(cell => cell.model.type === "code" && cell.model.sharedModel.source.trim())
    .every(cell => cell.model.executionCount !== null && cell.model.executionState !== "running");
}"""


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def watched_page(browser, **options):
    """A page in a context of its own; what the console calls an error is in `page.problems`.

    Leaving any there fails the test.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.problems = []
    note = lambda text: text.find(FOREIGN) < 0 and page.problems.append(text)  # noqa: E731
    page.on("console", lambda m: m.type == "error" and note(m.text))
    page.on("pageerror", lambda error: note(str(error)))
    yield page
    problems = page.problems
    context.close()
    assert problems == []


@pytest.fixture
def new_page(browser):
    """Return a function (context options) -> page, see `watched_page`."""
    with contextlib.ExitStack() as pages:
        yield lambda **options: pages.enter_context(watched_page(browser, **options))


class Lab:
    """A JupyterLab server on the notebooks in `root`."""

    def __init__(self, home: Path) -> None:
        self.root = home / "notebooks"
        self.root.mkdir()
        settings = home / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        # the news pop-up would cover the page
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
        }
        libc = ctypes.CDLL(None)
        self.log = (home / "server.log").open("wb")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self.port}",
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={self.root}",
                "--LabApp.expose_app_in_browser=True",
            ],
            env=os.environ | {name: str(home / folder) for name, folder in folders.items()},
            stdout=self.log,
            stderr=self.log,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        )

    def request(self, path, method="GET"):
        url = f"http://127.0.0.1:{self.port}/{path}?token={TOKEN}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.read()

    def wait(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                return self.request("api/status")
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(f"no JupyterLab after {START_S} s: {Path(self.log.name).read_text()}")

    def end_kernels(self):
        for kernel in json.loads(self.request("api/kernels")):
            self.request(f"api/kernels/{kernel['id']}", "DELETE")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    pytest.importorskip("jupyterlab")
    lab = Lab(tmp_path_factory.mktemp("jupyter"))
    lab.wait()
    yield lab
    lab.stop()


@pytest.fixture(scope="session")
def notebook_page(browser, jupyterlab):
    """Return a context manager (path of an .ipynb, context options) -> page with an idle kernel."""

    @contextlib.contextmanager
    def open_one(path, **options):
        shutil.copy(path, jupyterlab.root)
        with watched_page(browser, **options) as page:
            page.sent = []
            page.on(
                "websocket", lambda ws: ws.on("framesent", lambda frame: page.sent.append(frame))
            )
            name = Path(path).name
            page.goto(f"http://127.0.0.1:{jupyterlab.port}/lab/tree/{name}?reset&token={TOKEN}")
            page.wait_for_function(IDLE, timeout=60_000)
            yield page
            jupyterlab.end_kernels()

    return open_one


@pytest.fixture
def open_notebook(notebook_page):
    """Return a function (path of an .ipynb, context options) -> page, see `notebook_page`."""
    with contextlib.ExitStack() as pages:
        yield lambda path, **options: pages.enter_context(notebook_page(path, **options))


@pytest.fixture(scope="session")
def run_all():
    """Return a function (page): run every cell and wait until the kernel is idle again."""

    def run(page):
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(ALL_RUN, timeout=60_000)

    return run


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """Return a function (page, selector) -> axe-core's serious findings, each with its place."""
    package = npm_package("axe-core", AXE_VERSION, tmp_path_factory.mktemp("axe"))
    code = (package / "axe.min.js").read_text()

    def check(page, selector="html"):
        page.evaluate(code)
        run = "at => axe.run({include: [at]}, {resultTypes: ['violations']})"
        return [
            (found["id"], node["target"], node["failureSummary"])
            for found in page.evaluate(run, selector)["violations"]
            if found["impact"] in SERIOUS
            for node in found["nodes"]
        ]

    return check
