"""What every widget shares: one way to be asked by the browser, and one static copy.

The browser asks by setting ``asked``: what it wants, the details, and a number. The kernel answers
by repeating the number in ``answered``, so the browser knows when it waits, and for what.
"""

from typing import Any

import anywidget
import traitlets

__all__ = ["KitWidget"]


class KitWidget(anywidget.AnyWidget):
    """A widget that answers the browser, and shows something where nothing can answer.

    Subclasses say `static`; those that are asked something say `answer`.

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
        """Say that the present request is answered: with the answer, it costs no message more."""
        self.answered = self.asked.get("number", 0)

    def static(self) -> dict[str, Any]:
        """Return what is shown where no widget runs, by MIME type: text, and HTML or a picture."""
        raise NotImplementedError(f"{type(self).__name__} has no static copy")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the live widget and its static copy: for GitHub, nbviewer, a screen reader."""
        live, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return live | self.static(), metadata
