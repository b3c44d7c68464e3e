"""Views that belong together in one output, live and static."""

import base64
import html
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from balloonkit.lab.view.widget import ShownWidget

__all__ = ["Column"]


class Column(ShownWidget, ipywidgets.VBox):  # type: ignore[misc]
    """Views in a column, a view itself; where no kernel runs, their static halves in a column.

    Parameters
    ----------
    *parts : Widget
        Each with a static half in its MIME bundle: text, and HTML or a PNG.

    Attributes
    ----------
    parts : tuple of Widget
    title, caption : str
        Those of the first part that has any.
    """

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        titled = [part for part in parts if hasattr(part, "title")]
        self._first = titled[0] if titled else None
        shown = [part for part in parts if isinstance(part, ipywidgets.DOMWidget)]
        super().__init__(shown, layout=ipywidgets.Layout(grid_gap="14px"))

    @property
    def title(self) -> str:
        """What it is."""
        return str(self._first.title) if self._first is not None else ""

    @property
    def caption(self) -> str:
        """What it says."""
        return str(self._first.caption) if self._first is not None else ""

    def static(self) -> dict[str, Any]:
        """Return the static halves of its parts, one below the other."""
        halves = [part.static() for part in self.parts]
        text = "\n\n".join(half["text/plain"] for half in halves)
        return {"text/plain": text, "text/html": "".join(map(_as_html, halves))}


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
