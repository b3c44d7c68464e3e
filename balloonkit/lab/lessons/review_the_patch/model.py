"""Inputs of the review lab: a real guest, and what it loses when some faults are repaired."""

from dataclasses import dataclass
from functools import cache

import traitlets

from balloonkit.captures import SHIPPED, Capture, load_capture
from balloonkit.guest import Guest
from balloonkit.history import AS_POSTED, Fault, PageLoss, pages_lost
from balloonkit.predict import guest_of

__all__ = ["REPAIRS", "ReviewModel", "ReviewedGuest"]

#: Repairs in the order a review would make them: what is still in.
REPAIRS = {
    "nothing": AS_POSTED,
    "B1": AS_POSTED - {Fault.B1},
    "B1 and B4": AS_POSTED - {Fault.B1, Fault.B4},
    "B1, B4 and B3": AS_POSTED - {Fault.B1, Fault.B4, Fault.B3},
    "everything": frozenset[Fault](),
}


@dataclass(frozen=True)
class ReviewedGuest:
    """A captured guest, and what it would have lost.

    Attributes
    ----------
    name : str
    capture : Capture
    guest : Guest
        As the capture begins.
    repaired : str
        Of `REPAIRS`.
    losses : dict of repair to PageLoss
    """

    name: str
    capture: Capture
    guest: Guest
    repaired: str
    losses: dict[str, PageLoss]


class ReviewModel(traitlets.HasTraits):
    """A real guest, and which faults have been repaired."""

    guest = traitlets.Enum(SHIPPED, "idle-8g")
    repaired = traitlets.Enum(tuple(REPAIRS), "B1")

    def loss(self) -> PageLoss:
        """Return what the guest would have lost."""
        return _loss(self.guest, self.repaired)

    def review(self) -> ReviewedGuest:
        """Balloon the guest with the posted code, repair after repair."""
        name, capture = self.guest, _capture(self.guest)
        losses = {repaired: _loss(name, repaired) for repaired in REPAIRS}
        return ReviewedGuest(name, capture, guest_of(capture), self.repaired, losses)


@cache
def _capture(name: str) -> Capture:
    return load_capture(name)


@cache
def _loss(name: str, repaired: str) -> PageLoss:
    return pages_lost(_capture(name).inflate_pfns, REPAIRS[repaired])
