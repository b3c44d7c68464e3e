"""A sign of life: does the browser's half run, and does the kernel answer it?"""

from typing import Any

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.widget import KitWidget

__all__ = ["Alive"]

_NOT_ALIVE = (
    "Widgets: not alive. This is a copy without a kernel; in JupyterLab, choose Run, Run All Cells."
)


class Alive(KitWidget):
    """Two crosses that turn into ticks: one by the browser, one when the kernel answers it."""

    title = "Widgets"
    caption = _NOT_ALIVE
    _esm = bundle("alive")
    _css = styles("alive")

    def static(self) -> dict[str, Any]:
        """Return a sentence that says it is not alive."""
        return {"text/plain": _NOT_ALIVE, "text/html": f"<p>✗ {_NOT_ALIVE}</p>"}
