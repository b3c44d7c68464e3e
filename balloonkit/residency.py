"""What was there to gain: which of a guest's pages the host holds memory behind, and what is left.

A host backs a page when the guest first touches it. A balloon of pages nobody touched is told,
translated and released like any other, and frees nothing. Nobody outside the guest records what it
touched, so all but the two ends are *assumed*:

all
    Every page of RAM was touched once: the most a balloon can gain. The kit's races assume it.
blocks
    The guest touched every block of 4 MiB of which a page is in use now or free in pieces. What is
    still one free block of the largest order was perhaps never touched.
in-use
    Only what the guest uses now: a freshly booted guest, and a balloon that
    gains nothing.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.blocks import TOP_PAGES
from balloonkit.guest.guest import Guest
from balloonkit.host.ram import GuestRam
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["HUGE_PARTS", "TOUCHED", "Gain", "TouchedMemory", "gain_of", "resident_before"]

#: What of a guest's RAM was ever touched.
TouchedMemory = Literal["all", "blocks", "in-use"]
#: Each in the words of a table.
TOUCHED: dict[TouchedMemory, str] = {
    "all": "every page of RAM was touched once",
    "blocks": "blocks of 4 MiB that are free as a whole were never touched",
    "in-use": "only what the guest uses now was ever touched",
}
#: Pages of 4 KiB in a huge page of 2 MiB.
HUGE_PARTS = 512


class Gain(NamedTuple):
    """What an inflate left of the host's memory.

    Attributes
    ----------
    gained_pages : int
        4 KiB pages released that had memory behind them.
    huge_broken, huge_gone, huge_whole : int
        Host pages of 2 MiB that had memory behind every part, were it huge pages: released in
        part, whole, or not at all. Memory of a broken one is free only once the kernel splits it.
    """

    gained_pages: int
    huge_broken: int
    huge_gone: int
    huge_whole: int


def resident_before(guest: Guest, touched: TouchedMemory) -> NDArray[np.bool_]:
    """Tell which pages of the host's mapping have memory behind them, shape (host pages,).

    Raises
    ------
    ValueError
        If there is no such assumption.

    Examples
    --------
    >>> guest = Guest.idle("64MiB")
    >>> [int(resident_before(guest, kind).sum()) * 4 >> 10 for kind in TOUCHED]
    [64, 12, 2]
    """
    if touched not in TOUCHED:
        raise ValueError(f"touched {touched!r}: choose from {', '.join(TOUCHED)}")
    ram = GuestRam(guest.ram)
    if touched == "all":
        return np.ones(ram.pages, bool)
    untouched = guest.buddy.free_mask.copy()
    if touched == "in-use":
        for zone in range(len(guest.buddy.zones)):
            untouched[guest.percpu.stock(zone)] = True
    if touched == "blocks":
        top_pages = len(untouched) // TOP_PAGES * TOP_PAGES
        blocks = untouched[:top_pages].reshape(-1, TOP_PAGES)
        untouched[:top_pages] = np.repeat(blocks.all(axis=1), TOP_PAGES)
        untouched[top_pages:] = False
    scale = guest.page_bytes // BALLOON_PAGE_BYTES
    pfns = (np.flatnonzero(untouched)[:, None] * scale + np.arange(scale)).reshape(-1)
    resident = np.ones(ram.pages, bool)
    resident[ram.translate_pages(pfns[ram.contains(pfns, 1)])] = False
    return resident


def gain_of(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Gain:
    """Compare what the host holds before an inflate and after.

    Examples
    --------
    >>> before, after = np.ones(1536, bool), np.ones(1536, bool)
    >>> after[:600] = False
    >>> gain_of(before, after)
    Gain(gained_pages=600, huge_broken=1, huge_gone=1, huge_whole=1)
    """
    whole = len(before) // HUGE_PARTS * HUGE_PARTS
    parts_before = before[:whole].reshape(-1, HUGE_PARTS).sum(axis=1)
    parts_after = after[:whole].reshape(-1, HUGE_PARTS).sum(axis=1)
    left = parts_after[parts_before == HUGE_PARTS]
    gone, kept = int(np.count_nonzero(left == 0)), int(np.count_nonzero(left == HUGE_PARTS))
    gained_pages = int(np.count_nonzero(before & ~after))
    return Gain(gained_pages, len(left) - gone - kept, gone, kept)
