"""Migrate types: what each pageblock is for, and which of them a balloon may have.

Linux keeps pages it can move apart from those it cannot, pageblock by pageblock (order 9 on x86),
so that large free blocks come back when the movable ones around them are moved or freed. A
balloon's pages can be moved (``balloon_compaction``), so its requests are movable. They are served
from Movable pageblocks; from CMA ones too, where the kernel has such, because whoever owns that
memory can have the pages moved out; from Unmovable and Reclaimable ones only as a last resort
(``__rmqueue_fallback``); and never from HighAtomic ones, a reserve for requests that cannot wait,
nor from isolated ones, about to be taken out of use. (Linux 6.1 ``mm/page_alloc.c``.)
"""

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.zones import PAGEBLOCK_PAGES

__all__ = ["KEPT_FROM_A_BALLOON", "MIGRATE_TYPES", "pageblocks_of"]

#: Numbers of a pageblock's migrate type, by the kernel's names. Page flags tell a pageblock of the
#: kernel's own from a movable one, and no more: it is Unmovable or Reclaimable.
MIGRATE_TYPES = {
    "no RAM": 0,
    "Movable": 1,
    "Unmovable": 2,
    "Reclaimable": 3,
    "HighAtomic": 4,
    "CMA": 5,
    "Isolate": 6,
    "the kernel's own": 7,
}

#: Free pages of these are never given to a movable request; Reserve is what HighAtomic was before
#: Linux 4.4.
KEPT_FROM_A_BALLOON = frozenset({"HighAtomic", "Isolate", "Reserve"})


def pageblocks_of(movable: NDArray[np.bool_], no_ram: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return each pageblock's number in `MIGRATE_TYPES`, from masks of a multiple of 512 pages.

    Examples
    --------
    >>> pages = np.arange(2048)
    >>> pageblocks_of(pages < 512, pages >= 1024).tolist()
    [1, 7, 0, 0]
    """
    types = np.full(len(movable) // PAGEBLOCK_PAGES, MIGRATE_TYPES["the kernel's own"], np.uint8)
    types[movable.reshape(-1, PAGEBLOCK_PAGES).any(axis=1)] = MIGRATE_TYPES["Movable"]
    types[no_ram.reshape(-1, PAGEBLOCK_PAGES).all(axis=1)] = MIGRATE_TYPES["no RAM"]
    return types
