"""A drawing: pictures and the table that says the same; and how they get into a page."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.table import Table

__all__ = ["Drawing", "Pane", "pane_spec", "png_uri"]

#: One picture of a view: a map, or a chart.
Pane = PageMap | Figure
#: What a view shows of a result: its pictures, and the one table that says the same.
Drawing = tuple[Sequence[Pane], Table]


def pane_spec(pane: Pane) -> dict[str, Any]:
    """Return what the browser needs of a picture."""
    return pane.spec() if isinstance(pane, PageMap) else {"kind": "chart", "svg": _svg(pane)}


def _svg(figure: Figure) -> str:
    """Draw a chart in the page's own text colour and font, so that it fits any theme."""
    # One parameter set and put back: a whole context would copy all of them, each time.
    outlines, rcParams["svg.fonttype"] = rcParams["svg.fonttype"], "none"
    try:
        with io.StringIO() as file:
            figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
            text = file.getvalue()
    finally:
        rcParams["svg.fonttype"] = outlines
    return text[text.index("<svg") :].replace("#000000", "currentColor")


def png_uri(pane: Pane) -> str:
    """Return the picture as an address that holds it, for where no script runs."""
    figure = pane.figure() if isinstance(pane, PageMap) else pane
    with io.BytesIO() as file:
        figure.savefig(file, format="png", facecolor="white")
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
