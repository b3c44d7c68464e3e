"""Inputs of the captures' lab: which guest, which moment, which message, and where to look."""

from dataclasses import dataclass

import traitlets

from balloonkit.captured_guest import MOMENTS, CapturedGuest
from balloonkit.captures import SHIPPED, CaptureError
from balloonkit.captures.capture import Moment
from balloonkit.find import BINARY_MARK

__all__ = ["CaptureModel", "Looked"]


@dataclass(frozen=True)
class Looked:
    """A captured guest, and what of it is looked at.

    Attributes
    ----------
    guest : CapturedGuest
    moment : str
        One of `MOMENTS`.
    sent : int
        Messages of the inflate up to here: never more than it has.
    look_at : float
        Per cent of the addresses to skip.
    """

    guest: CapturedGuest
    moment: Moment
    sent: int
    look_at: float


class CaptureModel(traitlets.HasTraits):
    """A capture, a moment of it, a message of its inflate, and the place to magnify."""

    capture = traitlets.Unicode(SHIPPED[0])
    moment = traitlets.Enum(MOMENTS, "before")
    message = traitlets.Int(1, min=0)
    look_at = traitlets.Float(60, min=0, max=100)
    machine = traitlets.Unicode()

    _loaded: CapturedGuest | None = None

    def guest(self) -> CapturedGuest:
        """Return the captured guest; only the last one is kept.

        Raises
        ------
        CaptureError
            If what the learner gave is no capture.
        """
        source = self.capture
        if self.machine.strip():
            if not self.machine.startswith(BINARY_MARK):
                raise CaptureError("a text names no pages: choose a capture, a .npz file")
            source = self.machine
        if self._loaded is None or str(self._loaded.source) != source:
            self._loaded = None
            self._loaded = CapturedGuest.load(source)
        return self._loaded

    def remember(self) -> Looked:
        """Return the guest at a moment; a snapshot has only the first.

        Raises
        ------
        CaptureError
            If it never came to that moment.
        """
        guest = self.guest()
        if self.moment not in guest.states:
            guest.check_ballooned()
        return self._looked(guest)

    def look(self) -> Looked:
        """Return the guest, and what of its balloon is looked at.

        Raises
        ------
        CaptureError
            If it never had one.
        """
        guest = self.guest()
        guest.check_ballooned()
        return self._looked(guest)

    def _looked(self, guest: CapturedGuest) -> Looked:
        return Looked(guest, self.moment, min(self.message, guest.messages), self.look_at)
