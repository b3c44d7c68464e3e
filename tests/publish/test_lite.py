"""The cell a browser copy begins with, read by the very code that reads it in the browser."""

import asyncio
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from balloonkit.publish.lite import CHECKOUT, _write_for_browser

NOTEBOOKS = [*CHECKOUT.glob("notebooks/*.ipynb"), *CHECKOUT.glob("exercises/*.ipynb")]
#: Where the Pyodide kernel keeps the wheels a browser runs.
WHEELS = Path(sys.prefix, "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension")


@pytest.fixture(scope="module")
def transform():
    """The browser kernel's own change of a cell before it runs."""
    wheels = [str(next(WHEELS.rglob(f"{name}-*.whl"))) for name in ("piplite", "pyodide_kernel")]
    with pytest.MonkeyPatch.context() as patch:
        for wheel in wheels:
            patch.syspath_prepend(wheel)
        # Their packages' own __init__ wants a browser; these two modules do not.
        for name in ("piplite", "pyodide_kernel"):
            patch.setitem(sys.modules, name, type(sys)(name))
            sys.modules[name].__path__ = [f"{wheel}/{name}" for wheel in wheels]
        manager = importlib.import_module("pyodide_kernel.litetransform").LiteTransformerManager()
        # A thread of its own: a browser driven by an earlier test keeps its event loop in this one.
        with ThreadPoolExecutor(1) as thread:
            yield lambda cell: thread.submit(asyncio.run, manager.transform_cell(cell)).result()
        for name in ("piplite.cli", "pyodide_kernel.litetransform"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_installs_packages_and_asks_for_nothing_else(transform, tmp_path, path):
    _write_for_browser(path, tmp_path / path.name)
    shipped = nbformat.read(tmp_path / path.name, as_version=4)
    first = next(cell for cell in shipped.cells if cell.cell_type == "code")
    asked = []
    call = transform(first.source).replace("await ", "")
    piplite = type("piplite", (), {"install": lambda requirements: asked.extend(requirements)})
    exec(call, {"__import__": lambda name: piplite})
    assert [Requirement(text).name for text in asked][:1] == ["balloonkit"]
    assert {"ipywidgets", "anywidget", "matplotlib"} <= set(asked)


def test_a_comment_behind_the_packages_would_be_taken_for_packages(transform):
    assert "'#'" in transform("%pip install -q balloonkit  # a comment")
