"""Chromium and a real JupyterLab on notebooks of one's own; both die with this process."""

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

import nbformat

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
#: A machine under load may take so long for what takes seconds on a quiet one: a boot, an ageing.
PATIENCE_S = 120
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
#: A widget's output is a panel, empty until its JavaScript has come.
FILLED = """() => [...document.querySelectorAll('.jp-OutputArea-output.lm-Panel')]
  .every(output => output.textContent.trim())"""
DRAWN_ELEMENTS = "() => document.querySelectorAll('.jp-OutputArea-output *').length"


def launch(driver):
    """Start Debian's Chromium."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@contextlib.contextmanager
def watched_page(browser, **options):
    """A page in a context of its own; what the console calls an error is in `page.problems`.

    Leaving any there fails the test.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.problems = []
    note = lambda text: text.find(FOREIGN) < 0 and page.problems.append(text)  # noqa: E731
    page.on("console", lambda m: m.type == "error" and note(m.text))
    page.on("pageerror", lambda error: note(str(error)))
    yield page
    problems = page.problems
    context.close()
    assert problems == []


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
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return self.request("api/status")
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(f"no JupyterLab after {PATIENCE_S} s: {Path(self.log.name).read_text()}")

    def end_kernels(self, name=""):
        """End the kernel of the notebook of this name, or of every one."""
        for session in json.loads(self.request("api/sessions")):
            if session["path"].startswith(name):
                self.request(f"api/kernels/{session['kernel']['id']}", "DELETE")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def write_notebook(folder, *cells):
    """Write a notebook of code cells, named like the folder; return its path."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path = folder / f"{folder.name}.ipynb"
    nbformat.write(notebook, path)
    return path


@contextlib.contextmanager
def notebook_page(browser, lab, path, **options):
    """JupyterLab on a copy of the notebook at `path`, its kernel idle; ends that kernel."""
    shutil.copy(path, lab.root)
    with watched_page(browser, **options) as page:
        page.sent = []
        sent = lambda frame: page.sent.append(frame)  # noqa: E731
        page.on("websocket", lambda socket: socket.on("framesent", sent))
        name = Path(path).name
        page.goto(f"http://127.0.0.1:{lab.port}/lab/tree/{name}?reset&token={TOKEN}")
        page.wait_for_function(IDLE)
        yield page
        lab.end_kernels(name)


def wait_until_quiet(page):
    """Wait until the browser has nothing left to tell the kernel; forget what it told."""
    said = -1
    while said != len(page.sent):
        said = len(page.sent)
        page.wait_for_timeout(500)
    page.sent.clear()


def run_all_cells(page):
    """Run every cell and wait until the kernel is idle again and every widget is drawn."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(ALL_RUN)
    page.wait_for_function(FILLED)
    before = -1
    while before != (now := page.evaluate(DRAWN_ELEMENTS)):
        before = now
        page.wait_for_timeout(200)
