"""One notebook that has run, as one HTML page that needs neither kernel nor network.

The step player steps on: its module and its data are inside the page, with a stand-in for the
widget model (``web/page.js``). Every other widget is shown by its static twin: picture and table.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from balloonkit.lab.notebooks import WIDGET_VIEW, Notebook, Output, widget_models

__all__ = ["notebook_title", "render_page"]

#: Widgets that need no kernel, by what anywidget calls them.
STEPS_ALONE = frozenset({"balloonkit.lab.player.StepPlayer", "balloonkit.lab.review.ReviewView"})

_WEB = Path(__file__).parent / "web"
_NOTEBOOK_LINK = re.compile(r'href="([^":/]+)\.ipynb(["#])')

Models = Mapping[str, Mapping[str, Any]]


def notebook_title(notebook: Notebook) -> str:
    """Return the notebook's first heading.

    Examples
    --------
    >>> cell = nbformat.v4.new_markdown_cell("# A title\\n\\nText")
    >>> notebook_title(nbformat.v4.new_notebook(cells=[cell]))
    'A title'
    """
    first = notebook.cells[0].source.splitlines()[0]
    return str(first.lstrip("# "))


def render_page(notebook: Notebook, links: Mapping[str, str]) -> str:
    """Return the page of a notebook that has run.

    Parameters
    ----------
    notebook : notebook
        With outputs and widget state, as `balloonkit.lab.notebooks.execute` returns it.
    links : mapping of address to text
        What the page's navigation offers.
    """
    models = widget_models(notebook)
    shown: set[str] = set()
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        for output in cell.get("outputs", []):
            if WIDGET_VIEW in output.get("data", {}):
                shown.update(_show_without_kernel(output, models))
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(copy)
    title = notebook_title(notebook)
    items = (f'<li><a href="{to}">{html.escape(text)}</a></li>' for to, text in links.items())
    return Template((_WEB / "page.html").read_text()).substitute(
        title=html.escape(title),
        css=(_WEB / "page.css").read_text() + _code_colours(),
        links="".join(items),
        body=_NOTEBOOK_LINK.sub(r'href="\1.html\2', body),
        widgets=_as_json({name: models[name] for name in sorted(shown)}),
        script=(_WEB / "page.js").read_text(),
    )


def _show_without_kernel(output: Output, models: Models) -> list[str]:
    """Replace a widget by HTML in place; return the ids of the players in it."""
    data = output["data"]
    root = data.pop(WIDGET_VIEW)["model_id"]
    players = [name for name in _inside(root, models) if _steps_alone(models[name])]
    places = "".join(f'<div class="widget" data-model="{name}"></div>' for name in players)
    twin = data.get("text/html") or _twin(data)
    if root in players:
        twin = f"<details><summary>The same as a picture and a text</summary>{twin}</details>"
        output["data"] = {"text/html": places + twin}
    else:
        output["data"] = {"text/html": twin + places}
    return players


def _inside(root: str, models: Models) -> Iterator[str]:
    """Walk a widget and its children; ipywidgets writes a child as ``IPY_MODEL_`` and its id."""
    if root in models:
        yield root
        for child in models[root]["state"].get("children", []):
            yield from _inside(child.removeprefix("IPY_MODEL_"), models)


def _steps_alone(model: Mapping[str, Any]) -> bool:
    return model["state"].get("_anywidget_id") in STEPS_ALONE


def _twin(data: Mapping[str, str]) -> str:
    text = f"<pre>{html.escape(data['text/plain'])}</pre>"
    if "image/png" not in data:
        return text
    uri = f"data:image/png;base64,{data['image/png']}"
    return f'<img alt="The text below says it" src="{uri}">{text}'


def _as_json(models: Models) -> str:
    """Pack the models for a script element; players share one copy of their module."""
    modules: dict[str, dict[str, str]] = {}
    packed = {}
    for name, model in models.items():
        state = dict(model["state"])
        kind = state["_anywidget_id"]
        modules[kind] = {"esm": state.pop("_esm"), "css": state.pop("_css", "")}
        packed[name] = {"kind": kind, "state": state, "buffers": model.get("buffers", [])}
    # A "<" inside the data must not end the script element.
    return json.dumps({"modules": modules, "models": packed}).replace("<", "\\u003c")


def _code_colours() -> str:
    light, dark = (
        HtmlFormatter(style=style, nobackground=True).get_style_defs(".highlight")
        for style in ("default", "github-dark")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
