"""The site: documentation, a page for each notebook and exercise, and a JupyterLite.

The pages open from a folder, a memory stick or any web server, and load nothing from anywhere.
JupyterLite runs the same notebooks in the browser and fetches NumPy from a public server.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from balloonkit.progress import Progress
from balloonkit.publish.lite import CHECKOUT, build_lite
from balloonkit.publish.notebooks import execute, hidden_errors, run_notebook
from balloonkit.publish.page import render_page
from balloonkit.publish.reference import write_reference

__all__ = ["build_pages", "build_site", "run_sphinx"]

_LESSON_NOTE = """This page has no kernel. The step player steps; every other view shows how it
opens, as a picture and a table. To move sliders, run [the notebook]({name}.ipynb)."""
_EXERCISE_NOTE = """To read here; to do it, and to be told what is wrong, open
[the notebook]({name}.ipynb) in JupyterLab, where balloonkit is installed."""

#: In the checkout notebooks lie beside the folder of the documentation, on the site inside it.
_NOTEBOOK_LINK = re.compile(r"\]\(\.\./([^):]+)\.ipynb(?=[#)])")
#: What Sphinx says when it has read a page, and when it has written one.
_SPHINX_STEP = re.compile(r"(reading sources|writing output)\.\.\. \[ *(\d+)%\]")


def build_site(out: Path, progress: Progress | None = None) -> None:
    """Write the pages into `out` and a JupyterLite of the same notebooks into ``out/lite``.

    Raises
    ------
    RuntimeError
        If balloonkit does not run from a checkout, a notebook fails, the documentation has a
        fault, or JupyterLite cannot be built.
    OSError
        If `out` cannot be written.
    """
    progress = progress or (lambda what, done, total: None)
    out.mkdir(parents=True, exist_ok=True)  # before minutes of work that could not be written
    build_pages(out, progress)
    progress("JupyterLite", 0, 1)
    build_lite(out / "lite")
    progress("JupyterLite", 1, 1)


def build_pages(out: Path, progress: Progress) -> None:
    """Run every notebook, and write its page and the documentation into `out`."""
    if not (CHECKOUT / "docs" / "conf.py").exists():
        raise RuntimeError(f"{CHECKOUT}: no docs/conf.py; build the site from a checkout")
    with TemporaryDirectory() as folder:
        source = Path(folder, "docs")
        shutil.copytree(CHECKOUT / "docs", source)
        for page in source.rglob("*.md"):
            page.write_text(_NOTEBOOK_LINK.sub(r"](\1.md", page.read_text()))
        for text in CHECKOUT.glob("*.md"):  # for pages that include a part of them
            shutil.copy(text, folder)
        _write_lessons(source / "notebooks", progress)
        progress("Running exercises", 0, 1)
        _write_exercises(source / "exercises")
        progress("Running exercises", 1, 1)
        write_reference(source / "reference")
        run_sphinx(source, out, progress)


def _write_lessons(folder: Path, progress: Progress) -> None:
    folder.mkdir()
    paths = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
    for done, path in enumerate(paths):
        progress("Running notebooks", done, len(paths))
        notebook = execute(path)
        if errors := hidden_errors(notebook):
            raise RuntimeError(f"{path}: {'; '.join(errors)}")
        page = render_page(notebook, _LESSON_NOTE.format(name=path.stem))
        (folder / f"{path.stem}.md").write_text(page, encoding="utf-8")
        shutil.copy(path, folder)
    progress("Running notebooks", len(paths), len(paths))


def _write_exercises(folder: Path) -> None:
    """Write them with the questions their cells print; the answers are still to be given."""
    folder.mkdir()
    paths = sorted((CHECKOUT / "exercises").glob("*.ipynb"))
    notebooks = [nbformat.read(path, as_version=4) for path in paths]
    cells = [cell for notebook in notebooks for cell in notebook.cells]
    # One kernel for all. A cell that waits for an answer is not run, what needs one may fail.
    asking = [cell for cell in cells if cell.cell_type == "code" and "..." not in cell.source]
    for number, cell in enumerate(asking):
        cell.id = f"cell-{number}"
        cell.metadata["tags"] = ["raises-exception"]
    metadata = run_notebook(nbformat.v4.new_notebook(cells=asking), folder).metadata
    for path, notebook in zip(paths, notebooks, strict=True):
        for cell in notebook.cells:
            if any(output["output_type"] == "error" for output in cell.get("outputs", [])):
                cell.outputs = []
        notebook.metadata = metadata
        page = render_page(notebook, _EXERCISE_NOTE.format(name=path.stem))
        (folder / f"{path.stem}.md").write_text(page, encoding="utf-8")
        shutil.copy(path, folder)


def run_sphinx(source: Path, out: Path, progress: Progress) -> None:
    """Write the pages in `source` as HTML into `out`.

    Raises
    ------
    RuntimeError
        If Sphinx has as much as a warning; the text is all it has.
    """
    doctrees = source.parent / "doctrees"
    options = ["-W", "--keep-going", "--no-color", "-b", "html", "-d", str(doctrees)]
    command = [sys.executable, "-m", "sphinx", *options, str(source), str(out)]
    with (
        (doctrees.parent / "warnings").open("w+") as warnings,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=warnings, text=True) as sphinx,
    ):
        for line in sphinx.stdout or ():
            if step := _SPHINX_STEP.match(line):
                progress(f"Documentation: {step[1]}", int(step[2]), 100)
        if sphinx.wait():
            warnings.seek(0)
            raise RuntimeError(f"{' '.join(command)}\n{warnings.read()}")
