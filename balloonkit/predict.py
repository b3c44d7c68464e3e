"""The model against a real guest: from its memory before the balloon, what it will give away.

The guest is rebuilt from the page flags of a capture (`guest/snapshot.py` holds the rules and says
where each comes from) and its driver asked for as many pages as the real one sent. What the guest
then really did is in the same capture, so the two can be compared.

Page flags do not tell the sequence of the free lists. A capture of `balloonkit.live` recorded it,
and then the prediction starts there: what error is left is that of the rules alone.
"""

from dataclasses import dataclass

import numpy as np

from balloonkit.captures import Capture
from balloonkit.captures.texts import read_texts
from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest import BuddyAllocator, Guest
from balloonkit.guest.blocks import Pfns
from balloonkit.guest.driver import BalloonDriver
from balloonkit.guest.kernel_rules import KernelRules
from balloonkit.guest.reclaim import cache_pfns, reclaim
from balloonkit.guest.recorded import guest_from_lists
from balloonkit.guest.snapshot import guest_from_flags, pageblocks_by_flags
from balloonkit.guest.zones import zone_label
from balloonkit.wire import PFN_ARRAY, pack_chunks
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["Prediction", "WireOrder", "guest_of", "predict", "predict_pfns"]

# The page a per-CPU refill was for counts against the watermark, the rest of its batch does not:
# what is still missing after one round is less than a batch a zone.
_RECLAIM_ROUNDS = 4


@dataclass(frozen=True)
class WireOrder:
    """How the PFNs of an inflate follow each other on the wire.

    Attributes
    ----------
    descending_share : float
        Of the steps from one PFN to the next inside a message, how many are exactly -1.
    message_step_pages : float
        Median step from the first PFN of a message to the first of the next.

    Examples
    --------
    >>> WireOrder.of(np.array([3, 2, 1, 8, 7, 6], np.uint32), message_pfns=3)
    WireOrder(descending_share=1.0, message_step_pages=5.0)
    """

    descending_share: float
    message_step_pages: float

    @classmethod
    def of(cls, pfns: Pfns, message_pfns: int = MAX_PFNS) -> "WireOrder":
        """Measure PFNs in wire order; a figure is 0 where there is no step to measure."""
        signed = pfns.astype(np.int64)
        inside = np.arange(1, len(signed)) % message_pfns != 0
        steps, message_steps = np.diff(signed)[inside], np.diff(signed[::message_pfns])
        return cls(
            float(np.mean(steps == -1)) if len(steps) else 0.0,
            float(np.median(message_steps)) if len(message_steps) else 0.0,
        )


@dataclass(frozen=True)
class Prediction:
    """How well the model foretells one guest.

    Attributes
    ----------
    lists_from : str
        Where the free lists come from: "recorded lists" or "page flags".
    pages : int
        Pages the guest really gave away, each once, and the model was asked for.
    repeated_pages : int
        PFNs the guest sent again; its driver may have been given a page back in between.
    reclaimed_pages : int
        Pages of clean page cache the model freed, because what was free did not suffice; which of
        them a real guest frees is estimated.
    shortfall_pages : int
        Of `pages`, how many the model did not find, neither free nor in clean page cache.
    buddyinfo_exact : bool
        Whether free lists rebuilt from the page flags equal the guest's ``/proc/buddyinfo``, in
        every zone and order.
    chunks_real, chunks_predicted : int
        Chunks the pages make, at best.
    overlap : float
        Pages both gave away over pages either did, 0 to 1; 1 is a perfect prediction.
    descending_share_real, descending_share_predicted : float
    message_step_pages_real, message_step_pages_predicted : float
        Order on the wire; see `WireOrder`.
    """

    lists_from: str
    pages: int
    repeated_pages: int
    reclaimed_pages: int
    shortfall_pages: int
    buddyinfo_exact: bool
    chunks_real: int
    chunks_predicted: int
    overlap: float
    descending_share_real: float
    descending_share_predicted: float
    message_step_pages_real: float
    message_step_pages_predicted: float


def guest_of(capture: Capture, flags_only: bool = False) -> Guest:
    """Return the captured guest as it was before the balloon, ready to give memory away.

    Parameters
    ----------
    capture : Capture
    flags_only : bool
        Start from the page flags even if the capture recorded the free lists.
    """
    flags = capture.flags("before")
    zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(flags))
    if flags_only or not capture.lists_recorded:
        guest = guest_from_flags(
            capture.name,
            capture.guest_bytes,
            flags,
            zones,
            KernelRules.of(capture.meta.get("kernel")),
            _movable_tops(capture),
        )
        guest.ram = capture.ram
        return guest
    guest = guest_from_lists(
        capture.name,
        capture.guest_bytes,
        capture.free_mask("before"),
        zones,
        capture.arrays["free_blocks_before"],
        capture.arrays["percpu_pfns_before"],
    )
    guest.ram = capture.ram
    guest.pageblocks = pageblocks_by_flags(flags)
    return guest


def _movable_tops(capture: Capture) -> dict[str, int]:
    """Count the free blocks of order 10 on each zone's movable list, where pagetypeinfo does."""
    if "pagetypeinfo_before" not in capture.arrays:
        return {}
    zones = read_texts(capture.text("pagetypeinfo_before")).zones
    return {
        zone_label(zone.node, zone.name): zone.by_type["Movable"][-1]
        for zone in zones
        if "Movable" in zone.by_type
    }


def predict_pfns(capture: Capture, flags_only: bool = False) -> Pfns:
    """Predict the PFNs a captured guest gives away, in wire order; see `guest_of`.

    Where what is free does not suffice, clean page cache is reclaimed (`balloonkit.guest.reclaim`);
    when that is gone too, they are fewer than the guest gave.
    """
    return _inflate(capture, flags_only)[0]


def _inflate(capture: Capture, flags_only: bool) -> tuple[Pfns, int]:
    """Inflate the balloon of the captured guest; return the PFNs, and how many were reclaimed."""
    guest, wanted = guest_of(capture, flags_only), len(np.unique(capture.inflate_pfns))
    cache = cache_pfns(capture.flags("before"))
    left = cache

    def kswapd(_wait_s: float) -> None:
        nonlocal left
        left = reclaim(guest, left, wanted - driver.held_pages)

    driver = BalloonDriver(guest, PFN_ARRAY, lambda queue, message: None, puff_wait=kswapd)
    driver.fill(wanted, tries=_RECLAIM_ROUNDS)
    return driver.held, len(cache) - len(left)


def predict(capture: Capture, flags_only: bool = False) -> Prediction:
    """Predict what a captured guest gave away, and compare with what it did; see `guest_of`.

    Examples
    --------
    >>> from balloonkit.captures import load_capture
    >>> result = predict(load_capture("aged-1g"))
    >>> result.pages, result.buddyinfo_exact, result.chunks_real, result.chunks_predicted
    (131072, True, 3985, 3993)
    """
    buddy = BuddyAllocator.from_free_mask(capture.free_mask("before"))
    real = capture.inflate_pfns
    predicted, reclaimed_pages = _inflate(capture, flags_only)
    given = np.unique(real)
    both = len(np.intersect1d(given, predicted, assume_unique=True))
    either = len(given) + len(predicted) - both
    order_real, order_predicted = WireOrder.of(real), WireOrder.of(predicted)
    recorded = capture.lists_recorded and not flags_only
    return Prediction(
        lists_from="recorded lists" if recorded else "page flags",
        pages=len(given),
        repeated_pages=len(real) - len(given),
        reclaimed_pages=reclaimed_pages,
        shortfall_pages=len(given) - len(predicted),
        buddyinfo_exact=buddy.buddyinfo() == capture.buddyinfo("before"),
        chunks_real=len(pack_chunks(real)),
        chunks_predicted=len(pack_chunks(predicted)),
        overlap=both / either if either else 1.0,
        descending_share_real=order_real.descending_share,
        descending_share_predicted=order_predicted.descending_share,
        message_step_pages_real=order_real.message_step_pages,
        message_step_pages_predicted=order_predicted.message_step_pages,
    )
