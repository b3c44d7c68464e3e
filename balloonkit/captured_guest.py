"""What a lesson keeps of a capture: page states, zones, and the PFNs in wire order.

A capture holds page flags of three moments and many texts, some 60 MB of arrays for 8 GiB; the lab
shows four states and one sequence, and lets the rest go.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import Capture, CaptureError, Moment, load_capture
from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.find import BINARY_MARK, capture_of_paste
from balloonkit.guest.blocks import Pfns
from balloonkit.guest.page_states import PAGE_STATES, pages_by_flags
from balloonkit.guest.zones import Zone, count_by_zone
from balloonkit.predict import predict_pfns
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["MOMENTS", "CapturedGuest"]

#: The moments of a capture, in their order.
MOMENTS: tuple[Moment, ...] = ("before", "inflated", "deflated")

#: Numbers of `CapturedGuest.prediction`: what happened to a page against what was foretold.
FATES = {"no RAM": 0, "kept": 1, "foretold": 2, "missed": 3, "wrong": 4}


@dataclass(frozen=True)
class CapturedGuest:
    """One real guest.

    Attributes
    ----------
    name : str
    source : str or Path
        Where its capture is read from, again for a prediction.
    states : dict of moment to uint8, shape (PFNs,)
        Numbers of `PAGE_STATES`.
    blocks : dict of moment to dict of zone to list of int
        Free blocks at order 0..10, the guest's own ``/proc/buddyinfo``.
    zones : tuple of Zone
    sent_pfns : uint32, shape (pages,)
        In the order the driver sent them.

    Examples
    --------
    >>> guest = CapturedGuest.load("aged-1g")
    >>> guest.messages, guest.message_pfns(1)[:3].tolist()
    (512, [201181, 201185, 201189])
    """

    name: str
    source: str | Path
    states: dict[Moment, NDArray[np.uint8]]
    blocks: dict[Moment, dict[str, list[int]]]
    zones: tuple[Zone, ...]
    sent_pfns: Pfns

    @classmethod
    def load(cls, source: str | Path) -> "CapturedGuest":
        """Read a shipped capture by name, any other from its file, or one given as bytes.

        Bytes come as text, see `balloonkit.find.capture_of_paste`. A snapshot has the moment
        "before" and sent no pages.
        """
        capture = _read(source)
        moments = capture.moments
        states = {moment: pages_by_flags(partial(capture.flagged, moment)) for moment in moments}
        nothing: Pfns = np.empty(0, np.uint32)
        return cls(
            capture.name,
            source,
            states,
            {moment: capture.buddyinfo(moment) for moment in moments},
            zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(states["before"])),
            capture.inflate_pfns if capture.ballooned else nothing,
        )

    def check_ballooned(self) -> None:
        """Raise CaptureError for a snapshot, which has nothing to show of a balloon."""
        if len(self.states) < len(MOMENTS):
            raise CaptureError(
                f"{self.name} is a snapshot, taken without a balloon: it has the moment before, "
                "and gave nothing away"
            )

    @property
    def messages(self) -> int:
        """Count the messages of up to 256 PFNs the real driver sent."""
        return -(-len(self.sent_pfns) // MAX_PFNS)

    def message_pfns(self, number: int) -> Pfns:
        """Return the PFNs of one message, counted from 1, in wire order."""
        return self.sent_pfns[(number - 1) * MAX_PFNS : number * MAX_PFNS]

    def given(self, messages: int) -> NDArray[np.bool_]:
        """Tell which pages were given away after that many messages, shape (PFNs,)."""
        mask = np.zeros(len(self.states["before"]), bool)
        mask[self.sent_pfns[: messages * MAX_PFNS]] = True
        return mask

    @cached_property
    def prediction(self) -> NDArray[np.uint8]:
        """Compare what the model foretells with what happened: numbers of `FATES`, shape (PFNs,).

        The capture is read once more: its flags are what the prediction starts from.
        """
        foretold = np.zeros(len(self.states["before"]), bool)
        foretold[predict_pfns(_read(self.source))] = True
        given = self.given(self.messages)
        fates = np.full(len(given), FATES["kept"], np.uint8)
        fates[given & foretold] = FATES["foretold"]
        fates[given & ~foretold] = FATES["missed"]
        fates[foretold & ~given] = FATES["wrong"]
        fates[(self.states["before"] == PAGE_STATES["hole"]) & (fates == FATES["kept"])] = 0
        return fates

    def by_zone(self, pages: NDArray[np.bool_]) -> list[int]:
        """Count the pages of a mask in each zone, lowest zone first."""
        return count_by_zone(self.zones, pages)


def _read(source: str | Path) -> Capture:
    if isinstance(source, str) and source.startswith(BINARY_MARK):
        return capture_of_paste(source)
    return load_capture(source)
