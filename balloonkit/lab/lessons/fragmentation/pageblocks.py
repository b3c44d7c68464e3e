"""Pageblocks by migrate type: the picture, its table, and why a balloon takes movable pages."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest import Guest
from balloonkit.guest.migrate_types import MIGRATE_TYPES
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.guest.zones import PAGEBLOCK_PAGES
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import MIGRATE_LOOKS
from balloonkit.lab.view.table import Table, TableCell
from balloonkit.units import counted

__all__ = ["WHY_MOVABLE", "show_pageblocks", "types_of_pages"]

#: Read beside the picture.
WHY_MOVABLE = """\
The kernel parts its memory into pageblocks of 2 MiB and keeps each for one kind of page. Pages it
can move to another place (of processes, of files, of a balloon) share some; pages it cannot move
(its own objects, page tables) share others. Where only movable pages lie, a large free block can be
made again by moving them. A page that stays for ever would spoil that.

The balloon's pages can be moved: its driver takes another page and tells the host of both. So the
balloon asks for movable pages and does no harm to large blocks. It cannot have what is kept for
requests that cannot wait (HighAtomic) or is about to be taken out of use (Isolate), however much of
it is free; CMA memory it may borrow. Pageblocks of the other kinds it gets only when nothing else
is left, and this model leaves those of a capture alone."""


def types_of_pages(guest: Guest, ram: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return each page's pageblock's number in `MIGRATE_TYPES`, 0 outside `ram`, shape (PFNs,).

    Examples
    --------
    >>> np.bincount(types_of_pages(Guest.idle("4MiB"), np.arange(1024) < 1000)).tolist()
    [24, 1000]
    """
    if guest.pageblocks is None:
        return np.where(ram, np.uint8(MIGRATE_TYPES["Movable"]), np.uint8(0))
    types = np.repeat(guest.pageblocks, PAGEBLOCK_PAGES)[: len(ram)]
    return np.where(ram, types, np.uint8(0))


def show_pageblocks(guest: Guest) -> Drawing:
    """Map the types, and count what is free in each and what of that a balloon may have."""
    states = guest.page_states()
    buddy = guest.buddy
    ram = states != PAGE_STATES["hole"]
    types = types_of_pages(guest, ram)
    page_map = PageMap.of("Pageblocks by migrate type", types, MIGRATE_LOOKS, zones=buddy.zones)
    free = states == PAGE_STATES["free"]
    rows: list[list[TableCell]] = []
    for look, number in zip(MIGRATE_LOOKS[1:], range(1, len(MIGRATE_LOOKS)), strict=True):
        mine = types == number
        if mine.any():
            takes = int((mine & buddy.free_mask).sum())
            rows.append(
                [
                    look.label,
                    -(-int(mine.sum()) // PAGEBLOCK_PAGES),
                    int((mine & free).sum()),
                    takes,
                ]
            )
    for_balloon, all_free = int(buddy.free_mask.sum()), int(free.sum())
    caption = (
        f"{guest.name}: of {counted(all_free, 'free page')} a balloon may have {for_balloon:,}"
    )
    if guest.pageblocks is None:
        caption += "; no types are told, every pageblock is taken for movable"
    head = ["pageblocks of type", "pageblocks", "free pages", "of these for a balloon"]
    return [page_map], Table(caption, head, rows)
