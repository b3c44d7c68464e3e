"""What a trace starts from: a machine's pages, lists and memory as plain data a player draws.

Everything here is JSON when written out: lists of numbers, no arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Listener
from balloonkit.guest import BuddyAllocator, Guest
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.guest.zones import Zone
from balloonkit.host.model import ModelHost
from balloonkit.host.ram import GuestRam
from balloonkit.machine import Machine
from balloonkit.trace.run_lengths import run_lengths
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PageChunks, PfnArray

__all__ = ["Watched", "lists_of", "start_from_pages", "start_of", "stocks_of"]


@dataclass(frozen=True)
class Watched:
    """A run a `balloonkit.trace.Stepper` can listen to.

    Attributes
    ----------
    name : str
        Whose run it is.
    setup : dict
        How it begins; see `balloonkit.trace.Trace`.
    format : Format
        Of its messages.
    listen : callable
        Takes the listener, and None when nobody listens any more.
    by_blocks : bool
        Whether the driver is known to allocate a block at a time.
    advice : str
        What the host gives the kernel with each release.
    """

    name: str
    setup: dict[str, Any]
    format: Format
    listen: Callable[[Listener | None], None]
    by_blocks: bool = False
    advice: str = "MADV_DONTNEED"

    @classmethod
    def machine(cls, machine: Machine) -> "Watched":
        """Watch a machine as it stands now.

        Examples
        --------
        >>> Watched.machine(Machine(Guest.idle("256KiB"))).format.entry
        'chunk'
        """
        driver = machine.driver
        return cls(
            machine.guest.name, start_of(machine), driver.format, machine.listen, driver.block_alloc
        )


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
    states = guest.page_states()
    states[machine.driver.held] = PAGE_STATES["in balloon"]
    setup = start_from_pages(
        states, guest.buddy.zones, host.resident_pages, host.device.ram, machine.driver.format,
        scale,
    )  # fmt: skip
    lists, stock = lists_of(guest.buddy), stocks_of(guest)
    return setup | {"initial": setup["initial"] | {"lists": lists, "stock": stock}}


def start_from_pages(
    states: NDArray[np.uint8],
    zones: Sequence[Zone],
    resident: NDArray[np.bool_],
    ram: GuestRam,
    wire_format: Format,
    scale: int = 1,
) -> dict[str, Any]:
    """Describe a guest whose free lists nobody sees.

    Parameters
    ----------
    states : uint8, shape (PFNs,)
        Numbers of `PAGE_STATES`.
    zones : sequence of Zone
    resident : bool, shape (host pages,)
    ram : GuestRam
    wire_format : Format
    scale : int
        4 KiB pages in a page of the guest.

    Examples
    --------
    >>> ram = GuestRam.of_size("16KiB")
    >>> zones, states = (Zone("DMA", 0, 4),), np.full(4, 2, np.uint8)
    >>> start_from_pages(states, zones, np.ones(4, bool), ram, PageChunks())["initial"]["pages"]
    [[2, 4]]
    """
    nothing: list[list[list[int]]] = [[[] for _ in range(MAX_ORDER + 1)] for _ in zones]
    return {
        "page_kib": scale * BALLOON_PAGE_BYTES >> 10,
        "span": len(states),
        "zones": [[z.label, z.start_pfn, z.end_pfn] for z in zones],
        "initial": {
            "pages": run_lengths(states),
            "lists": nothing,
            "stock": [[] for _ in zones],
            "host": run_lengths(resident.astype(np.uint8)),
        },
        "bitmap": None,
        "format": _kind_of(wire_format),
        "entry": wire_format.entry,
        "max_entries": wire_format.max_entries,
        "regions": _regions(ram),
        "scale": scale,
    }


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
