"""Widgets that belong together in one output, live and static."""

import base64
import html
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

__all__ = ["Column"]


class Column(ipywidgets.VBox):  # type: ignore[misc]
    """Widgets in a column; where no kernel runs, their static halves in a column.

    Parameters
    ----------
    *parts : Widget
        Each with a static half in its MIME bundle: text, and HTML or a PNG.
    """

    def __init__(self, *parts: ipywidgets.DOMWidget) -> None:
        super().__init__(parts, layout=ipywidgets.Layout(grid_gap="14px"))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        live = super()._repr_mimebundle_(**kwargs) or {}
        static: list[dict[str, Any]] = [
            (part._repr_mimebundle_(**kwargs) or ({}, {}))[0] for part in self.children
        ]
        text = "\n\n".join(half["text/plain"] for half in static if "text/plain" in half)
        return live | {"text/plain": text, "text/html": "".join(map(_as_html, static))}, {}


def _as_html(half: dict[str, Any]) -> str:
    if "text/html" in half:
        return str(half["text/html"])
    if "image/png" in half:
        image = base64.b64encode(half["image/png"]).decode()
        text = html.escape(half["text/plain"])
        alt = f"{text.partition(chr(10))[0]}; the text below says it"
        return (
            f'<img alt="{alt}" src="data:image/png;base64,{image}">'
            f"<details><summary>The same as a text</summary>"
            f'<pre tabindex="0">{text}</pre></details>'
        )
    return ""
