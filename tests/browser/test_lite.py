"""The JupyterLite in Chromium: it opens, its Python starts, our bundled packages work there.

Pyodide itself comes from npm and its pure Python packages from PyPI, in place of its public server.
Its NumPy and matplotlib are on neither, so no lab runs here: that part is untested.
"""

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION
from npm_package import npm_package

from balloonkit.publish.lite import build_lite

ROOT = Path(__file__).parents[2]

#: What the kernel takes from Pyodide's server before the first cell can run.
KERNEL_NEEDS = """asttokens decorator executing ipython jedi matplotlib-inline micropip packaging
parso prompt-toolkit pure-eval pygments six stack-data traitlets typing-extensions wcwidth"""

ROUND_TRIP = """
%pip install -q anywidget
import anywidget, traitlets
class Echo(anywidget.AnyWidget):
    asked = traitlets.Int().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    _esm = '''export default { render({ model, el }) {
      model.on("change:answered", () => { el.textContent = `heard ${model.get("answered")}`; });
      model.set("asked", 20); model.save_changes(); } }'''
echo = Echo()
echo.observe(lambda change: echo.set_trait("answered", 2 * change.new + 2), "asked")
echo
"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """A JupyterLite of the notebooks behind a web server; its address."""
    out = tmp_path_factory.mktemp("lite")
    build_lite(out)
    handler = functools.partial(QuietHandler, directory=out)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory):
    """A folder with what Pyodide's public server would send: its core and pure Python packages."""
    core = npm_package("pyodide", PYODIDE_VERSION, tmp_path_factory.mktemp("pyodide"))
    lock = json.loads((core / "pyodide-lock.json").read_text())
    entries = [lock["packages"][name] for name in KERNEL_NEEDS.split()]
    anywhere = ["--platform", "any", "--implementation", "py", "--abi", "none"]
    python = ["--python-version", ".".join(lock["info"]["python"].split(".")[:2])]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    pins = [f"{entry['name']}=={entry['version']}" for entry in entries]
    subprocess.run([*pip, *anywhere, *python, "-d", core, *pins], check=True)
    for entry in entries:
        # Pyodide repacks wheels: the same files, another hash.
        wheel = (core / entry["file_name"]).read_bytes()
        entry["sha256"] = hashlib.sha256(wheel).hexdigest()
    (core / "pyodide-lock.json").write_text(json.dumps(lock))
    return core


@pytest.fixture
def open_index(lite, browser):
    """Return a function (folder in place of Pyodide's server, or None) -> page on the index."""
    # Not `new_page`: whatever is not here fails, and the console says so.
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def open_it(pyodide):
        def answer(route):
            name = route.request.url.removeprefix(f"{PYODIDE_CDN_URL}/").split("?")[0]
            if pyodide and (pyodide / name).is_file():
                headers = {"Access-Control-Allow-Origin": "*"}
                if name.endswith(".mjs"):
                    headers["Content-Type"] = "text/javascript"
                elif name.endswith(".wasm"):
                    headers["Content-Type"] = "application/wasm"
                route.fulfill(path=pyodide / name, headers=headers)
            else:
                route.abort()

        context.route(lambda url: not url.startswith(lite), answer)
        page = context.new_page()
        page.goto(f"{lite}lab/index.html?path=notebooks/index.ipynb")
        page.get_by_role("heading", name="See memory ballooning").wait_for()
        return page

    yield open_it
    context.close()


def test_every_lesson_and_every_exercise_is_there(lite):
    for folder in ("notebooks", "exercises"):
        with urllib.request.urlopen(f"{lite}api/contents/{folder}/all.json") as answer:
            listed = {entry["name"] for entry in json.load(answer)["content"]}
        assert listed == {path.name for path in (ROOT / folder).glob("*.ipynb")}


def test_the_index_opens_with_its_committed_picture_though_no_python_is_to_be_had(open_index):
    page = open_index(None)
    page.get_by_text("%pip install -q balloonkit").first.wait_for()
    picture = page.locator(".jp-OutputArea img").first
    picture.wait_for()
    page.wait_for_function("img => img.naturalWidth > 0", arg=picture.element_handle())
    assert page.get_by_text("Select Kernel").count() == 0


@pytest.mark.slow
def test_python_starts_and_a_bundled_anywidget_talks_to_it(open_index, pyodide):
    page = open_index(pyodide)
    page.get_by_text("Python (Pyodide) | Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(ROUND_TRIP.strip())
    page.keyboard.press("Control+Enter")
    page.get_by_text("heard 42").wait_for()
