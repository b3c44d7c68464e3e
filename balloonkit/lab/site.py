"""A static site for when no server is at hand: a page for each notebook, and a JupyterLite.

The pages open from a folder, a memory stick or any web server, and load nothing from anywhere.
JupyterLite runs the same notebooks in the browser and fetches NumPy from a public server.
"""

from collections.abc import Callable
from pathlib import Path

from balloonkit.lab.lite import build_lite
from balloonkit.lab.notebooks import execute, hidden_errors
from balloonkit.lab.page import notebook_title, render_page

__all__ = ["build_pages", "build_site"]

#: Called with what is being done, how many are done, and how many there are.
Progress = Callable[[str, int, int], None]

#: Browsers start no JupyterLite from a folder: serve the site, as with ``python -m http.server``.
_LITE = "lite/lab/index.html?path=index.ipynb"


def build_site(
    out: Path, notebooks: Path = Path("notebooks"), progress: Progress | None = None
) -> None:
    """Write the pages into `out` and a JupyterLite of the same notebooks into ``out/lite``.

    Raises
    ------
    FileNotFoundError
        If `notebooks` holds none.
    RuntimeError
        If a notebook fails, or JupyterLite cannot be built.
    """
    progress = progress or (lambda what, done, total: None)
    build_pages(out, notebooks, progress, {_LITE: "Run the notebooks in this browser"})
    progress("JupyterLite", 0, 1)
    build_lite(out / "lite", notebooks)
    progress("JupyterLite", 1, 1)


def build_pages(
    out: Path,
    notebooks: Path,
    progress: Progress,
    more_links: dict[str, str] | None = None,
) -> None:
    """Run every notebook and write its page into `out`; ``index.html`` leads to all others."""
    # The index comes first; the labs are numbered.
    paths = sorted(notebooks.glob("*.ipynb"), key=lambda path: (path.stem != "index", path.stem))
    if not paths:
        raise FileNotFoundError(f"{notebooks}: no notebooks there; run this in a checkout")
    ran = {}
    for done, path in enumerate(paths):
        progress("Running notebooks", done, len(paths))
        ran[path] = execute(path)
        if errors := hidden_errors(ran[path]):
            raise RuntimeError(f"{path}: {'; '.join(errors)}")
    progress("Running notebooks", len(paths), len(paths))
    links = {f"{path.stem}.html": notebook_title(notebook) for path, notebook in ran.items()}
    out.mkdir(parents=True, exist_ok=True)
    for path, notebook in ran.items():
        page = render_page(notebook, links | (more_links or {}))
        (out / f"{path.stem}.html").write_text(page, encoding="utf-8")
