"""What every widget shares: a static copy, an end, and one way to be asked by the browser."""

from typing import Any

import anywidget
import ipywidgets  # type: ignore[import-untyped]
import traitlets

from balloonkit.lab.view.cells import note_shown

__all__ = ["KitWidget", "ShownWidget"]


class ShownWidget(ipywidgets.DOMWidget):  # type: ignore[misc]
    """A widget with something to show where no widget runs; let go when its cell runs again.

    Subclasses say `static`.
    """

    def static(self) -> dict[str, Any]:
        """Return what is shown where no widget runs, by MIME type: text, and HTML or a picture."""
        raise NotImplementedError(f"{type(self).__name__} has no static copy")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the live widget and its static copy: for GitHub, nbviewer, a screen reader."""
        for widget in self.family():
            if widget.comm is None:
                widget.come_back()
        note_shown(self)
        live = super()._repr_mimebundle_(**kwargs) or {}
        half, metadata = live if isinstance(live, tuple) else (live, {})
        return half | self.static(), metadata

    def family(self) -> list["ShownWidget"]:
        """Return the widget's parts, then the widget."""
        parts = [part for part in getattr(self, "children", ()) if isinstance(part, ShownWidget)]
        return [*parts, self]

    def let_go(self) -> None:
        """Give up the browser's half; showing the widget again brings it back."""
        for widget in (self, self.layout):
            widget.close()
            widget.__dict__.pop("_repr_mimebundle_", None)  # closing hides the method

    def come_back(self) -> None:
        """Make a new browser's half."""
        self.layout.open()
        self.open()


class KitWidget(ShownWidget, anywidget.AnyWidget):
    """A widget with a script of ours, that the browser can ask.

    The browser asks by setting `asked`: what it wants, the details, and a number. The kernel
    answers by repeating the number in `answered`, so the browser knows whether it waits.
    Subclasses that are asked something say `answer`.

    Attributes
    ----------
    asked : dict
        The browser's last request: ``what``, ``number`` and its details.
    answered : int
        The number of the last request that was answered.
    """

    asked = traitlets.Dict().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)

    @traitlets.observe("asked")
    def _on_asked(self, change: dict[str, Any]) -> None:
        request = dict(change["new"])
        number = request.pop("number")
        try:
            self.answer(**request)
        finally:
            self.answered = number

    def answer(self, what: str, **details: Any) -> None:
        """Do what the browser asks; by default nothing is asked for but a sign of life."""

    def mark_answered(self) -> None:
        """Say that the present request is answered: with its answer, it costs no second message."""
        self.answered = self.asked.get("number", 0)
