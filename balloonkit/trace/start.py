"""What a trace starts from: a machine's pages, lists and memory as plain data a player draws.

Everything here is JSON when written out: lists of numbers, no arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest import BuddyAllocator, Guest
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.host.model import ModelHost
from balloonkit.host.ram import GuestRam
from balloonkit.machine import Machine
from balloonkit.trace.run_lengths import run_lengths
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PageChunks, PfnArray

__all__ = ["lists_of", "page_states", "start_of", "stocks_of"]


def start_of(machine: Machine) -> dict[str, Any]:
    """Describe a machine as it stands now; see `balloonkit.trace.Trace.setup`.

    Examples
    --------
    >>> setup = start_of(Machine(Guest.idle("256KiB")))
    >>> setup["regions"], setup["format"], setup["initial"]["pages"]
    ([[0, 64, 0]], 'chunks', [[1, 1], [2, 15], [1, 1], [2, 46], [1, 1]])
    """
    guest, host = machine.guest, machine.host
    if not isinstance(host, ModelHost):
        raise ValueError(f"{type(host).__name__}: only a machine with the model's host can be seen")
    scale = guest.page_bytes // BALLOON_PAGE_BYTES
    states = page_states(guest, host.device.ram)
    states[machine.driver.held] = PAGE_STATES["in balloon"]
    return {
        "page_kib": guest.page_bytes >> 10,
        "span": len(states),
        "zones": [[z.label, z.start_pfn, z.end_pfn] for z in guest.buddy.zones],
        "initial": {
            "pages": run_lengths(states),
            "lists": lists_of(guest.buddy),
            "stock": stocks_of(guest),
            "host": run_lengths(host.resident_pages.astype(np.uint8)),
        },
        "bitmap": None,
        "format": _kind_of(machine.driver.format),
        "entry": machine.driver.format.entry,
        "max_entries": machine.driver.format.max_entries,
        "regions": _regions(host.device.ram),
        "scale": scale,
    }


def page_states(guest: Guest, ram: GuestRam) -> NDArray[np.uint8]:
    """Return each guest page's state, shape (PFNs,), as if the balloon were empty.

    Examples
    --------
    >>> states = page_states(Guest.idle("1MiB"), GuestRam.of_size("1MiB"))
    >>> np.bincount(states).tolist()
    [0, 9, 247]
    """
    states = np.full(len(guest.buddy.free_mask), PAGE_STATES["hole"], np.uint8)
    for gpa, size_bytes in ram.regions:
        first_pfn = gpa // guest.page_bytes
        states[first_pfn : first_pfn + size_bytes // guest.page_bytes] = PAGE_STATES["in use"]
    states[guest.buddy.free_mask] = PAGE_STATES["free"]
    for stock in stocks_of(guest):
        states[stock] = PAGE_STATES["free"]
    return states


def lists_of(buddy: BuddyAllocator) -> list[list[list[int]]]:
    """Return the first PFNs of free blocks by zone, order and place in the list, head first.

    Examples
    --------
    >>> lists_of(BuddyAllocator.from_free_mask(np.ones(12, bool)))[0][2:4]
    [[8], [0]]
    """
    return [
        [buddy.free_list(zone, order).tolist() for order in range(MAX_ORDER + 1)]
        for zone in range(len(buddy.zones))
    ]


def stocks_of(guest: Guest) -> list[list[int]]:
    """Return the pages of the per-CPU stock by zone, head first.

    Examples
    --------
    >>> guest = Guest.idle("1GiB")
    >>> _ = guest.take(1)
    >>> [len(stock) for stock in stocks_of(guest)]
    [0, 62]
    """
    return [guest.percpu.stock(zone).tolist() for zone in range(len(guest.buddy.zones))]


def _kind_of(wire_format: Format) -> str:
    # A class derived from these may write other bytes: only they themselves are known to a player.
    if type(wire_format) is PfnArray:
        return "classic"
    return "chunks" if type(wire_format) is PageChunks else "own"


def _regions(ram: GuestRam) -> list[list[int]]:
    regions, host_page = [], 0
    for gpa, size_bytes in ram.regions:
        pages = size_bytes // BALLOON_PAGE_BYTES
        regions.append([gpa // BALLOON_PAGE_BYTES, pages, host_page])
        host_page += pages
    return regions
