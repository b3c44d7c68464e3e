"""Lab 5, real guests: what a Linux kernel gave away, in what order, and whether we can foretell it.

>>> lab = CaptureLab()
>>> view = lab.memory()  # the memory map before, inflated, deflated
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from balloonkit.captured_guest import MOMENTS
from balloonkit.captures import NEWER, SHIPPED
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.real_guests.model import CaptureModel, Looked
from balloonkit.lab.lessons.real_guests.pictures import (
    show_chunks,
    show_memory,
    show_order,
    show_prediction,
)
from balloonkit.lab.view.controls import Choice, Control, Range, magnify_at, your_capture
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.view import LabView

__all__ = ["CaptureLab"]


class CaptureLab(Lab):
    """Look at real guests.

    Parameters
    ----------
    source : str or Path, optional
        The capture to begin with: one that comes with the package, or a file of your own.

    Raises
    ------
    CaptureError
        If there is no such capture, or the file is none.

    Attributes
    ----------
    model : CaptureModel
        Inputs of every step; assign to it to move the controls.

    Examples
    --------
    >>> lab = CaptureLab("aged-1g")
    >>> lab.chunks().caption
    'aged-1g, after message 1 of 512: 256 pages are 18 chunks, in 1 message'
    """

    steps = ("memory", "order", "chunks", "prediction")
    kinds = ("messages", "chunks", "next-page")

    def __init__(self, source: str | Path = SHIPPED[0]) -> None:
        super().__init__()
        self.model = CaptureModel(capture=str(source))
        self.model.guest()
        names = dict.fromkeys((*SHIPPED, *NEWER, str(source)))
        options = [(_named(name), name) for name in names]
        self._capture = Choice(name="capture", label="guest", options=options)

    def memory(self) -> LabView:
        """Show the memory map before the balloon, inflated, and deflated again."""
        moment = Choice.of(name="moment", label="moment", values=MOMENTS)
        controls = (self._capture, moment, magnify_at(), your_capture())
        title = "A real guest's memory"
        return LabView(self.model, controls, self.model.remember, show_memory, title)

    def order(self) -> LabView:
        """Follow the messages: which pages left when, from which zone."""
        return self._follow(show_order, "What it gave away, in what order")

    def chunks(self) -> LabView:
        """Pack what was given into chunks: how many, how long, in how many messages."""
        return self._follow(show_chunks, "What chunks make of it")

    def prediction(self) -> LabView:
        """Compare with the model, and light up where it errs."""
        return self._view((magnify_at(),), show_prediction, "What the model foretells")

    def _follow(self, show: Callable[[Looked], Drawing], title: str) -> LabView:
        help_text = "How many messages of 256 page numbers were sent."
        last = self.model.guest().messages
        message = Range(name="message", label="message", low=0, high=last, help=help_text)
        return self._view((message,), show, title, lambda: {"message": self.model.guest().messages})

    def _view(
        self,
        controls: Sequence[Control],
        show: Callable[[Looked], Drawing],
        title: str,
        ends: Callable[[], dict[str, float]] = dict,
    ) -> LabView:
        controls = (self._capture, *controls, your_capture())
        return LabView(self.model, controls, self.model.look, show, title, ends=ends)


def _named(source: str) -> str:
    """Name a capture and its kernel, as far as its name tells."""
    kernels = {"k612": "Linux 6.12", "k72": "Linux 7.2"}
    if source in SHIPPED:
        return f"{source} (Linux 6.1)"
    return f"{source} ({kernels[source.split('-')[0]]})" if source in NEWER else Path(source).stem
