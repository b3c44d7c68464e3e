"""One notebook as a page that needs neither kernel nor network, for the documentation to include.

Text and code stay Markdown, so that they are searched and listed like any other page; outputs are
HTML. The step player steps on: its module and its data are inside the page, with a stand-in for the
widget model (``js/page.js``). Every other widget is shown by its static twin: picture and table.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from balloonkit.lab.js.bundle import bundle
from balloonkit.publish.notebooks import WIDGET_VIEW, Notebook, Output, widget_models

__all__ = ["embed", "place", "render_page"]

#: Widgets that need no kernel, by what anywidget calls them.
STEPS_ALONE = frozenset(
    {
        "balloonkit.lab.player.player.StepPlayer",
        "balloonkit.lab.lessons.review_the_patch.review_view.ReviewView",
        "balloonkit.lab.lessons.the_race.race_lanes.RaceLanes",
    }
)

_SCRIPT = bundle("page")
_NOTEBOOK_LINK = re.compile(r"\]\(([^):]+)\.ipynb(?=[#)])")
#: Longer than any row of backticks in a cell or an output.
_FENCE = "`" * 12

Models = Mapping[str, Mapping[str, Any]]


def render_page(notebook: Notebook, note: str) -> str:
    """Return the page of a notebook as MyST Markdown.

    Parameters
    ----------
    notebook : notebook
        With outputs and widget state, as `balloonkit.publish.notebooks.execute` returns it; or one
        that has not run, for its text and code. Its first cell begins with the title.
    note : str
        Markdown for a note under the title.

    Examples
    --------
    >>> import nbformat
    >>> cell = nbformat.v4.new_markdown_cell("# A title\\n\\n[Next](2-next.ipynb)")
    >>> print(render_page(nbformat.v4.new_notebook(cells=[cell]), "No kernel."))
    # A title
    <BLANKLINE>
    ````````````{note}
    No kernel.
    ````````````
    <BLANKLINE>
    [Next](2-next.md)
    <BLANKLINE>
    """
    models = widget_models(notebook)
    title, _, rest = notebook.cells[0].source.partition("\n")
    parts = [title, _fenced("{note}", note), _links_to_pages(rest.strip())]
    shown: set[str] = set()
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown":
            parts.append(_links_to_pages(cell.source))
            continue
        parts.append(_fenced("python", cell.source))
        for output in cell.get("outputs", []):
            text, players = _without_kernel(output, models)
            shown.update(players)
            parts.append(_raw(f'<div class="output">{text}</div>'))
    if shown:
        parts.append(_raw(embed({name: models[name] for name in sorted(shown)})))
    return "\n\n".join(parts) + "\n"


def place(model: str) -> str:
    """Return the HTML where a widget is to be drawn; `embed` brings the widget.

    Examples
    --------
    >>> place("a1")
    '<div class="widget" data-model="a1"></div>'
    """
    return f'<div class="widget" data-model="{model}"></div>'


def embed(models: Models) -> str:
    """Return the HTML that draws widgets into their places without a kernel, once on a page.

    Parameters
    ----------
    models : mapping of id to model
        As a notebook stores them: ``state``, with ``_esm``, ``_css`` and ``_anywidget_id``, and
        ``buffers``. Widgets of one kind share one copy of their module.

    Examples
    --------
    >>> state = {"_anywidget_id": "a.Kind", "_esm": "export default {};", "title": "</script>"}
    >>> "\\\\u003c/script" in embed({"a1": {"state": state}})
    True
    """
    modules: dict[str, dict[str, str]] = {}
    packed = {}
    for name, model in models.items():
        state = dict(model["state"])
        kind = state["_anywidget_id"]
        modules[kind] = {"esm": state.pop("_esm"), "css": state.pop("_css", "")}
        packed[name] = {"kind": kind, "state": state, "buffers": model.get("buffers", [])}
    # A "<" inside the data must not end the script element.
    data = json.dumps({"modules": modules, "models": packed}).replace("<", "\\u003c")
    return (
        f'<script type="application/json" id="widgets">{data}</script>\n'
        f'<script type="module">\n{_SCRIPT}</script>'
    )


def _fenced(kind: str, text: str) -> str:
    return f"{_FENCE}{kind}\n{text}\n{_FENCE}"


def _raw(text: str) -> str:
    return _fenced("{raw} html", text)


def _links_to_pages(markdown: str) -> str:
    return _NOTEBOOK_LINK.sub(r"](\1.md", markdown)


def _without_kernel(output: Output, models: Models) -> tuple[str, list[str]]:
    """Return an output as HTML, and the ids of the players in it."""
    if output["output_type"] == "stream":
        return f"<pre>{html.escape(output['text'])}</pre>", []
    data = output["data"]
    twin = data.get("text/html") or _twin(data)
    if WIDGET_VIEW not in data:
        return twin, []
    root = data[WIDGET_VIEW]["model_id"]
    players = [name for name in _inside(root, models) if _steps_alone(models[name])]
    places = "".join(map(place, players))
    if root not in players:
        return twin + places, players
    summary = "<summary>The same as a picture and a text</summary>"
    return f"{places}<details>{summary}{twin}</details>", players


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
