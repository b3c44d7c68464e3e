"""Pictures of the fragmentation lab: a guest's map and lists, its runs, and blocks of 256 pages."""

import numpy as np

from balloonkit.guest import Guest
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.fragmentation import fragmentation_index, free_runs, unusable_index
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab.lessons.fragmentation.model import (
    SMALL_PAGES,
    AgedGuest,
    SmallGuest,
)
from balloonkit.lab.view.charts import (
    draw_lists,
    draw_order_bars,
    draw_runs,
    draw_unusable,
    new_chart,
)
from balloonkit.lab.view.close_up import magnified_pfn, whole_and_close_up
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import BLOCK_LOOKS
from balloonkit.lab.view.table import Table, TableCell, ratio
from balloonkit.units import counted

__all__ = ["show_aged", "show_blocks", "show_free_runs"]

#: PFNs of one free list that a table names.
_NAMED = 12


def show_aged(aged: AgedGuest) -> Drawing:
    """Draw the page map, and the free memory by order."""
    guest = aged.guest
    buddy, states = guest.buddy, guest.page_states()
    counts = buddy.buddyinfo()
    at_pfn = magnified_pfn(aged.look_at, len(states))
    figure, axes = new_chart("Free memory by block size")
    draw_order_bars(axes, buddy.zones, counts)
    maps = whole_and_close_up(states, at_pfn, buddy.zones, picks="look_at")
    free_pages = int(buddy.free_mask.sum())
    blocks = np.sum(list(counts.values()), axis=0)
    caption = (
        f"{guest.name}: {free_pages:,} free pages in {blocks.sum():,} blocks, "
        f"{blocks[MAX_ORDER]:,} of them of the largest order"
    )
    rows: list[list[TableCell]] = [[zone, *row] for zone, row in counts.items()]
    head = ["free blocks in zone", *(f"order {order}" for order in range(MAX_ORDER + 1))]
    return [*maps, figure], Table(caption, head, rows)


def show_free_runs(guest: Guest) -> Drawing:
    """Draw the lengths of free runs, and what a request of each order cannot use."""
    blocks = np.sum(list(guest.buddy.buddyinfo().values()), axis=0).tolist()
    lengths = free_runs(guest.buddy.free_mask)
    longest = lengths.max(initial=0)
    unusable = [unusable_index(blocks, order) / 1000 for order in range(MAX_ORDER + 1)]
    runs, axes = new_chart("Free memory by length of run")
    draw_runs(axes, lengths)
    index, axes = new_chart("Free, yet of no use to a request")
    draw_unusable(axes, unusable)
    rows: list[list[TableCell]] = [
        [
            order,
            blocks[order],
            ratio(unusable[order], 3),
            ratio(fragmentation_index(blocks, order) / 1000, 3),
        ]
        for order in range(MAX_ORDER + 1)
    ]
    caption = (
        f"{guest.name}: {lengths.sum():,} free pages in {len(lengths):,} runs, "
        f"the longest of {counted(longest, 'page')}"
    )
    head = ["order", "free blocks", "unusable index", "fragmentation index"]
    return [runs, index], Table(caption, head, rows)


def show_blocks(small: SmallGuest) -> Drawing:
    """Draw every page of the small guest with a frame around each free block, and the lists."""
    frames = tuple((pfn, 1 << order) for order, pfns in enumerate(small.lists) for pfn in pfns)
    states = np.full(SMALL_PAGES, PAGE_STATES["in balloon"], np.uint8)
    for pfn, pages in frames:
        states[pfn : pfn + pages] = PAGE_STATES["free"]
    page_map = PageMap.of(
        "256 pages; a frame is a free block",
        states,
        BLOCK_LOOKS,
        columns=32,
        frames=frames,
        letters=True,
    )
    rows: list[list[TableCell]] = [
        [order, 1 << order, len(pfns), _head_of(pfns)] for order, pfns in enumerate(small.lists)
    ]
    head = ["order", "pages in a block", "free blocks", "first PFNs, next to leave first"]
    figure, axes = new_chart("Free lists")
    draw_lists(axes, small.lists)
    return [page_map, figure], Table(small.last_step, head, rows)


def _head_of(pfns: list[int]) -> str:
    return " ".join(map(str, pfns[:_NAMED])) + (" ..." if len(pfns) > _NAMED else "")
