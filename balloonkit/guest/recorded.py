"""A running guest's allocator, from the free lists its own kernel had.

Where `balloonkit.guest.snapshot` must work out the sequence of the lists from page flags, here it
is given, so that what is left of a prediction's error is the allocator's own.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.guest.blocks import MAX_ORDER, expand
from balloonkit.guest.guest import Guest
from balloonkit.guest.zones import Zone

__all__ = ["guest_from_lists"]


def guest_from_lists(
    name: str,
    size_bytes: int,
    free: ArrayLike,
    zones: tuple[Zone, ...],
    blocks: ArrayLike,
    percpu_pfns: ArrayLike,
) -> Guest:
    """Rebuild a guest of 4 KiB pages, ready to give memory away.

    Parameters
    ----------
    name : str
    size_bytes : int
        RAM.
    free : bool, shape (PFNs,)
        Every free page, those in the kernel's own pageblocks included.
    zones : tuple of Zone
        Lowest first, with the watermarks of the running kernel; see `zones_from_zoneinfo`.
    blocks : integers, shape (blocks, 2)
        First PFN and order of each free block that may leave; those of one list head first.
    percpu_pfns : integers, shape (pages,)
        Pages on the per-CPU lists, those of one zone head first.

    Raises
    ------
    ValueError
        If the blocks overlap, or two of them should have merged.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 1024)
    >>> free = np.arange(1024) < 4
    >>> guest = guest_from_lists("test", 4 << 20, free, (zone,), [[2, 0], [1, 0]], [9])
    >>> guest.take(5).tolist(), guest.buddy.zones[0].withheld_pages
    ([9, 2, 1], 2)
    """
    found, stocked = np.asarray(blocks, np.uint32).reshape(-1, 2), np.asarray(percpu_pfns)
    every = np.asarray(free, bool)
    leaving = np.zeros(len(every), bool)
    for order in range(MAX_ORDER + 1):
        leaving[expand(found[found[:, 1] == order, 0], 1 << order)] = True
    withheld = every & ~leaving
    zones = tuple(replace(z, withheld_pages=z.count(withheld)) for z in zones)
    guest = Guest(name, size_bytes, leaving, zones)
    guest.kept_free = withheld
    guest.buddy.put_in_order(found)
    for index, zone in enumerate(zones):
        mine = zone.holds(stocked)
        guest.percpu.put_in_stock(index, stocked[mine].astype(np.uint32))
    return guest
