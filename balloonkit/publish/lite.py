"""Lessons and exercises as a JupyterLite: JupyterLab and Python inside the browser, no server.

Our package and the pure Python ones it needs are bundled as wheels. NumPy and matplotlib are
compiled for Pyodide and come from its public server when the reader's browser first asks for them.
There are no processes and no real madvise in a browser: the host is modelled there.
"""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

import balloonkit

__all__ = ["CHECKOUT", "build_lite"]

#: Where this package, its notebooks and its documentation are, unless it was installed as a copy.
CHECKOUT = Path(balloonkit.__file__).parents[1]

#: Pure Python packages, in the versions installed here, as is the widgets' JavaScript.
_BUNDLED = (
    "anywidget",
    "comm",
    "ipywidgets",
    "jupyterlab_widgets",
    "markdown-it-py",
    "mdurl",
    "psygnal",
    "rich",
    "widgetsnbextension",
)

#: The comment has a line of its own: Pyodide's ``%pip`` takes all of its line for packages.
_INSTALL = """# Only in this browser copy.
%pip install -q balloonkit ipywidgets anywidget matplotlib"""
#: As the Pyodide kernel calls itself; another name would open a dialog first.
_KERNEL = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}


def build_lite(out: Path) -> None:
    """Build a JupyterLite with every lesson and exercise into `out`.

    Raises
    ------
    RuntimeError
        If balloonkit does not run from a checkout, or a command fails; says what the command did.
    """
    if not (CHECKOUT / "pyproject.toml").exists():
        raise RuntimeError(f"{CHECKOUT}: no pyproject.toml; build the site from a checkout")
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        lite, wheels = Path(folder, "lite"), Path(folder, "wheels")
        for name in ("notebooks", "exercises"):
            contents = lite / "files" / name
            contents.mkdir(parents=True)
            for path in (CHECKOUT / name).glob("*.ipynb"):
                _write_for_browser(path, contents / path.name)
        _collect_wheels(wheels)
        urls = [f"--PipliteAddon.piplite_urls={wheel}" for wheel in sorted(wheels.glob("*.whl"))]
        options = ["--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages"]
        target = ["--output-dir", str(out.resolve())]
        _run("jupyterlite_core", "build", *target, *options, *urls, cwd=lite)


def _write_for_browser(source: Path, target: Path) -> None:
    notebook = nbformat.read(source, as_version=4)
    notebook.metadata["kernelspec"] = _KERNEL
    first_code = [cell.cell_type for cell in notebook.cells].index("code")
    notebook.cells.insert(first_code, nbformat.v4.new_code_cell(_INSTALL, id="install"))
    nbformat.write(notebook, target)


def _collect_wheels(folder: Path) -> None:
    _run("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    anywhere = ("--only-binary", ":all:", "--platform", "any", "--implementation", "py")
    pinned = [f"{name}=={version(name)}" for name in _BUNDLED]
    _run("pip", "download", "--quiet", "--no-deps", *anywhere, "--dest", str(folder), *pinned)


def _run(module: str, *arguments: str, cwd: Path | None = None) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
