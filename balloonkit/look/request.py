"""Whether a zone can serve a movable request of some order, and why not.

The rules are ``__zone_watermark_ok``'s (Linux 6.1 ``mm/page_alloc.c``): enough free pages above the
watermark and the reserve, and a free block large enough of a type the request may have.
"""

from dataclasses import dataclass

from balloonkit.captures.texts import ZoneReading
from balloonkit.captures.texts.meminfo import LETTERS
from balloonkit.guest.fragmentation import fragmentation_index
from balloonkit.guest.migrate_types import KEPT_FROM_A_BALLOON

__all__ = ["Served", "kept_pages", "serve", "usable_counts"]

_KEPT_LETTERS = set("HIR")


@dataclass(frozen=True)
class Served:
    """The answer for one request in one zone.

    Attributes
    ----------
    order : int
    what : str
        What kind of request it is.
    can : bool, or None
        None where the text tells too little, or the kernel decides.
    why : str
    """

    order: int
    what: str
    can: bool | None
    why: str


def usable_counts(zone: ZoneReading) -> list[int]:
    """Count the free blocks by order that a movable request may have.

    An upper bound where only letters tell the types: an order that mixes types counts in full.
    """
    if zone.counts is None:
        return []
    if zone.by_type:
        kept = [counts for name, counts in zone.by_type.items() if name in KEPT_FROM_A_BALLOON]
        columns = zip(zone.counts, *kept, strict=True)
        return [max(n - sum(others), 0) for n, *others in columns]
    if zone.letters:
        return [
            0 if letters and set(letters) <= _KEPT_LETTERS else n
            for n, letters in zip(zone.counts, zone.letters, strict=True)
        ]
    return list(zone.counts)


def kept_pages(zone: ZoneReading) -> int:
    """Count the free pages that are kept from a movable request, as far as the text tells."""
    if zone.counts is None:
        return zone.highatomic_pages
    usable_pages = sum(n << order for order, n in enumerate(usable_counts(zone)))
    return max((zone.free_pages or 0) - usable_pages, zone.highatomic_pages)


def serve(zone: ZoneReading, order: int, what: str) -> Served:
    """Answer for a movable request of 2^order pages; see `Served`."""
    can, why = _serve(zone, order)
    return Served(order, what, can, why)


def _serve(zone: ZoneReading, order: int) -> tuple[bool | None, str]:
    if zone.counts is None:
        return None, "no text here counts free blocks by order"
    if order >= len(zone.counts):
        return False, f"this kernel's largest block is of order {len(zone.counts) - 1}"
    if not any(zone.counts[order:]):
        return False, _none_large_enough(zone.counts, order)
    if not any(usable_counts(zone)[order:]):
        return False, (
            f"free blocks of order {order} or more are all {_types(zone, order)}: "
            "kept from ordinary requests"
        )
    if zone.watermarks is not None:
        free_pages = (zone.free_pages or 0) - kept_pages(zone) - (1 << order) + 1
        mark_pages = zone.watermarks.min_pages + zone.watermarks.reserve_pages
        if free_pages <= mark_pages:
            return False, (
                f"{max(free_pages, 0):,} pages would count as free, and the min watermark with "
                f"its reserve keeps {mark_pages:,}"
            )
    if _types(zone, order) == "CMA":
        return None, f"free blocks of order {order} or more are all CMA: the kernel decides"
    if zone.watermarks is None:
        return True, "there is a free block; no text here tells the watermarks"
    return True, "there is a free block, and the zone is above its watermark"


def _none_large_enough(counts: list[int], order: int) -> str:
    if not any(counts):
        return "nothing is free"
    index = fragmentation_index(counts, order)
    cause = "memory is in pieces" if index >= 500 else "memory is short"
    return f"no free block of order {order} or more: {cause} (fragmentation {index / 1000:.3f})"


def _types(zone: ZoneReading, order: int) -> str:
    """Name the migrate types of the free blocks of this order and above."""
    if zone.by_type:
        names = [name for name, counts in zone.by_type.items() if any(counts[order:])]
    else:
        letters = "".join((zone.letters or [])[order:])
        names = [name for letter, name in LETTERS.items() if letter in letters]
    return " and ".join(names)
