"""What a trace starts from: a guest's pages, zones and free lists as plain data a player draws.

Everything here is JSON when written out: lists of numbers, no arrays.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from balloonkit.guest import BuddyAllocator, Guest
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.host.ram import GuestRam
from balloonkit.trace import PAGE_STATES
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["list_changes", "lists_of", "picture"]

#: First PFNs of free blocks by zone, order and place in the list, head first.
Lists = list[list[list[int]]]


def picture(
    guest: Guest, ram: GuestRam, pages: int, chunked: bool, max_entries: int
) -> dict[str, Any]:
    """Describe a guest about to be inflated by `pages`; see `balloonkit.trace.Trace.setup`.

    Parameters
    ----------
    guest : Guest
    ram : GuestRam
        The host's map of its memory.
    pages : int
        Guest pages to be taken.
    chunked : bool
        Whether messages carry chunks.
    max_entries : int
        Entries in a message.

    Examples
    --------
    >>> drawn = picture(Guest.idle("256KiB"), GuestRam.of_size(256 << 10), 4, True, 2047)
    >>> drawn["title"], drawn["regions"]
    ('Inflate 4 pages of 256 KiB idle, chunk path', [[0, 64, 0]])
    """
    buddy, page_bytes = guest.buddy, guest.page_bytes
    state = np.full(len(buddy.free_mask), PAGE_STATES["hole"])
    for gpa, size_bytes in ram.regions:
        state[gpa // page_bytes :][: size_bytes // page_bytes] = PAGE_STATES["in use"]
    state[buddy.free_mask] = PAGE_STATES["free"]
    edges = np.flatnonzero(np.diff(state, prepend=-1, append=-1)).tolist()
    path = "chunk path" if chunked else "classic path"
    return {
        "title": f"Inflate {pages} pages of {guest.name}, {path}",
        "page_kib": page_bytes >> 10,
        "span": len(state),
        "zones": [[z.name, z.start_pfn, z.end_pfn] for z in buddy.zones],
        "initial": {
            "pages": [[int(state[a]), b - a] for a, b in pairwise(edges)],
            "lists": lists_of(buddy),
        },
        "bitmap": None,
        "format": "chunks" if chunked else "classic",
        "max_entries": max_entries,
        "regions": _regions(ram),
        "scale": page_bytes // BALLOON_PAGE_BYTES,
    }


def lists_of(buddy: BuddyAllocator) -> Lists:
    """Return all free lists, by zone and order, head first."""
    return [
        [buddy.free_list(zone, order).tolist() for order in range(MAX_ORDER + 1)]
        for zone in range(len(buddy.zones))
    ]


def list_changes(before: Lists, after: Lists) -> list[list[str | int]]:
    """Say which blocks left ("-") and joined ("+") which list: (sign, zone, order, PFN) each.

    Examples
    --------
    >>> list_changes([[[7], [8]]], [[[7, 9], []]])
    [['+', 0, 0, 9], ['-', 0, 1, 8]]
    """
    changes: list[list[str | int]] = []
    for zone, orders in enumerate(zip(before, after, strict=True)):
        for order, (old, new) in enumerate(zip(*orders, strict=True)):
            was, now = set(old), set(new)
            changes += [["-", zone, order, pfn] for pfn in old if pfn not in now]
            changes += [["+", zone, order, pfn] for pfn in reversed(new) if pfn not in was]
    return changes


def _regions(ram: GuestRam) -> list[list[int]]:
    regions, host_page = [], 0
    for gpa, size_bytes in ram.regions:
        pages = size_bytes // BALLOON_PAGE_BYTES
        regions.append([gpa // BALLOON_PAGE_BYTES, pages, host_page])
        host_page += pages
    return regions
