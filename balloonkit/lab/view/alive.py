"""A sign of life: does the browser's half run, and does the kernel answer it?"""

from typing import Any

import anywidget
import traitlets

from balloonkit.lab.js.bundle import scripts

__all__ = ["Alive"]

_NOT_ALIVE = (
    "Widgets: not alive. This is a copy without a kernel; in JupyterLab, choose Run, Run All Cells."
)


class Alive(anywidget.AnyWidget):
    """Two crosses that turn into ticks: one by the browser, one when the kernel answers it."""

    title = "Widgets"
    caption = _NOT_ALIVE
    _esm = scripts("alive")
    #: The browser counts up, the kernel repeats the number.
    asked = traitlets.Int().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.observe(self._answer, "asked")

    def _answer(self, change: dict[str, Any]) -> None:
        self.answered = change["new"]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the live widget and, for where it cannot live, a sentence that says so."""
        live = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = live if isinstance(live, tuple) else (live, {})
        static = {"text/plain": _NOT_ALIVE, "text/html": f"<p>✗ {_NOT_ALIVE}</p>"}
        return (bundle or {}) | static, metadata
