"""The model against a real guest: from its memory before the balloon, what it will give away.

The allocator is built from the page flags of a capture and asked for as many pages as the real
driver sent. What the guest then really did is in the same capture, so the two can be compared.
"""

from dataclasses import dataclass

import numpy as np

from balloonkit.captures import Capture
from balloonkit.guest import Guest
from balloonkit.guest.zones import zones_from_zoneinfo
from balloonkit.wire import pack_chunks

__all__ = ["Prediction", "guest_of", "predict"]


@dataclass(frozen=True)
class Prediction:
    """How well the model foretells one guest.

    Attributes
    ----------
    pages : int
        Pages the guest really gave away, and the model was asked for.
    buddyinfo_exact : bool
        Whether free lists rebuilt from the page flags equal the guest's ``/proc/buddyinfo``, in
        every zone and order.
    chunks_real, chunks_predicted : int
        Chunks the pages make, at best.
    overlap : float
        Pages both gave away over pages either did; 1 is a perfect prediction.
    """

    pages: int
    buddyinfo_exact: bool
    chunks_real: int
    chunks_predicted: int
    overlap: float


def guest_of(capture: Capture) -> Guest:
    """Return the captured guest as it was before the balloon: its free pages, zones, watermarks."""
    free = capture.free_mask("before")
    zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(free))
    return Guest(capture.name, capture.guest_bytes, free, zones)


def predict(capture: Capture) -> Prediction:
    """Predict what a captured guest gave away, and compare with what it did.

    Examples
    --------
    >>> from balloonkit import load_capture
    >>> result = predict(load_capture("aged-1g"))
    >>> result.pages, result.buddyinfo_exact, result.chunks_real
    (131072, True, 3985)
    """
    guest = guest_of(capture)
    exact = guest.buddy.buddyinfo() == capture.buddyinfo("before")
    real, predicted = capture.inflate_pfns, guest.take(len(capture.inflate_pfns))
    both = len(np.intersect1d(real, predicted, assume_unique=True))
    return Prediction(
        pages=len(real),
        buddyinfo_exact=exact,
        chunks_real=len(pack_chunks(real)),
        chunks_predicted=len(pack_chunks(predicted)),
        overlap=both / (len(real) + len(predicted) - both),
    )
