"""Lab 1, fragmentation: what ageing does to a guest's free memory.

>>> lab = FragmentationLab()
>>> view = lab.guest()  # size, age and seed: the page map and the free lists
"""

from inspect import getsource
from textwrap import dedent
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.events import Event, Split
from balloonkit.guest import Guest, OneBlockAtATime
from balloonkit.guest.blocks import MAX_ORDER, Block
from balloonkit.guest.fragmentation import fragmentation_index, free_runs, unusable_index
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.view.charts import (
    draw_lists,
    draw_order_bars,
    draw_runs,
    draw_unusable,
    new_chart,
)
from balloonkit.lab.view.page_map import PageMap, magnified_pfn, whole_and_close_up
from balloonkit.lab.view.palette import BLOCK_LOOKS
from balloonkit.lab.view.view import Choice, Fold, LabView, Pane, Range, Table
from balloonkit.ram_layout import ram_layout
from balloonkit.units import counted

__all__ = ["BlocksModel", "FragmentationLab", "FragmentationModel", "pages_by_free_mask"]

RETURN_ORDERS = ("newest first", "oldest first", "at random")
SIZES = [("64 MiB", "64MiB"), ("1 GiB", "1GiB"), ("8 GiB", "8GiB")]

#: Pages of the small guest whose blocks are split and merged: few enough for a letter each.
SMALL_PAGES = 256


def pages_by_free_mask(guest: Guest) -> NDArray[np.uint8]:
    """Return the state of every page as a number of `PAGE_STATES`, shape (PFNs,).

    Examples
    --------
    >>> np.bincount(pages_by_free_mask(Guest.idle("64MiB"))).tolist()
    [0, 513, 15871]
    """
    states = np.zeros(len(guest.buddy.free_mask), np.uint8)
    for gpa, size_bytes in ram_layout(guest.size_bytes):
        states[gpa // guest.page_bytes :][: size_bytes // guest.page_bytes] = PAGE_STATES["in use"]
    states[guest.buddy.free_mask] = PAGE_STATES["free"]
    return states


class FragmentationModel(traitlets.HasTraits):
    """An aged guest: size, share of odd pages in use, seed; and the place to magnify."""

    size = traitlets.Enum([value for _, value in SIZES], "8GiB")
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    seed = traitlets.Int(1, min=0, max=20)
    look_at = traitlets.Float(60, min=0, max=100)

    _made: tuple[Any, Guest] | None = None

    def guest(self) -> Guest:
        """Return the guest these inputs describe; the last one is kept for the next view."""
        inputs = (self.size, self.fragmentation, self.seed)
        if self._made is None or self._made[0] != inputs:
            self._made = inputs, Guest.aged(*inputs)
        return self._made[1]


class BlocksModel(traitlets.HasTraits):
    """A guest of 256 pages from which some are taken, and some of those given back."""

    taken = traitlets.Int(37, min=0, max=SMALL_PAGES)
    returned = traitlets.Int(0, min=0, max=SMALL_PAGES)
    order = traitlets.Enum(RETURN_ORDERS, "newest first")
    seed = traitlets.Int(1, min=0, max=20)

    def run(self) -> tuple[OneBlockAtATime, str]:
        """Take, give back, and return the allocator with the last step in words."""
        allocator = OneBlockAtATime.from_free_mask(np.ones(SMALL_PAGES, bool))
        if not self.taken:
            return allocator, f"All {SMALL_PAGES} pages are one free block of order 8."
        taken = [allocator.alloc() for _ in range(self.taken - 1)]
        allocator.listener = last = _LastStep()
        taken.append(allocator.alloc())
        pages = np.array(taken)
        back = {"newest first": pages[::-1], "oldest first": pages}.get(
            self.order, np.random.default_rng(self.seed).permutation(pages)
        )[: self.returned]
        if not len(back):
            return allocator, _taken_in_words(taken[-1], last.split)
        blocks = [allocator.free(pfn) for pfn in back.tolist()]
        return allocator, _merged_in_words(int(back[-1]), blocks[-1])


class _LastStep:
    """Listens for the block that was split, if one was."""

    split: Block | None = None

    def grain(self, items: int) -> int:
        return 1

    def tell(self, event: Event) -> None:
        if isinstance(event, Split) and event.listed:
            self.split = Block(int(event.pfns[0]), event.order)


class FragmentationLab(QuestionsLab):
    """Age a guest, measure it, and take its blocks apart.

    Attributes
    ----------
    model : FragmentationModel
        Inputs of `guest` and `runs`; assign to it to move their controls.
    blocks_model : BlocksModel
        Inputs of `blocks`.

    Examples
    --------
    >>> lab = FragmentationLab()
    >>> lab.blocks_model.taken = 1
    >>> lab.blocks().caption
    'Page 0 is taken: the block of 256 pages at 0 is split, and its other 255 pages stay free.'
    """

    kinds = ("next-page",)

    def __init__(self) -> None:
        super().__init__()
        self.model = FragmentationModel()
        self.blocks_model = BlocksModel()

    def guest(self) -> LabView:
        """Age a guest: the page map, and its free memory by order."""
        look_at = Range(
            "look_at",
            "magnify at",
            0,
            100,
            0.02,
            "Share of the addresses to skip. A click on the map moves it too.",
            " %",
        )
        return LabView(self.model, (*_AGEING, look_at), self._draw_guest, "Age a guest")

    def runs(self) -> LabView:
        """Measure it: free runs, and what a request of each order could not use."""
        return LabView(self.model, _AGEING, self._draw_runs, "Measure its fragmentation")

    def blocks(self) -> LabView:
        """Allocate and free pages of a small guest: watch blocks split and merge."""
        controls = (
            Range("taken", "pages taken", 0, SMALL_PAGES, 1, "One request for a page at a time."),
            Range("returned", "given back", 0, SMALL_PAGES, 1, "At most what was taken."),
            Choice("order", "give back", [(o, o) for o in RETURN_ORDERS]),
            Range("seed", "seed", 0, 20, 1, "Another seed, another random order."),
        )
        title, fold = "Split and merge blocks", Fold(_RULES, _rules())
        return LabView(self.blocks_model, controls, self._draw_blocks, title, fold=fold)

    def all(self) -> list[LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.guest(), self.runs(), self.blocks()]

    def _draw_guest(self) -> tuple[list[Pane], Table]:
        guest = self.model.guest()
        buddy, states = guest.buddy, pages_by_free_mask(guest)
        counts = buddy.buddyinfo()
        at_pfn = magnified_pfn(self.model.look_at, len(states))
        figure, axes = new_chart("Free memory by block size")
        draw_order_bars(axes, buddy.zones, counts)
        maps = whole_and_close_up(states, at_pfn, buddy.zones, picks="look_at")
        free_pages = int(buddy.free_mask.sum())
        blocks = np.sum(list(counts.values()), axis=0)
        caption = (
            f"{guest.name}: {free_pages:,} free pages in {blocks.sum():,} blocks, "
            f"{blocks[MAX_ORDER]:,} of them of the largest order"
        )
        rows = [[zone, *(f"{n:,}" for n in row)] for zone, row in counts.items()]
        head = ["free blocks in zone", *(f"order {order}" for order in range(MAX_ORDER + 1))]
        return [*maps, figure], Table(caption, head, rows)

    def _draw_runs(self) -> tuple[list[Pane], Table]:
        guest = self.model.guest()
        blocks = np.sum(list(guest.buddy.buddyinfo().values()), axis=0).tolist()
        lengths = free_runs(guest.buddy.free_mask)
        longest = lengths.max(initial=0)
        unusable = [unusable_index(blocks, order) / 1000 for order in range(MAX_ORDER + 1)]
        runs, axes = new_chart("Free memory by length of run")
        draw_runs(axes, lengths)
        index, axes = new_chart("Free, yet of no use to a request")
        draw_unusable(axes, unusable)
        rows = [
            [
                f"{order}",
                f"{blocks[order]:,}",
                f"{unusable[order]:.3f}",
                f"{fragmentation_index(blocks, order) / 1000:.3f}",
            ]
            for order in range(MAX_ORDER + 1)
        ]
        caption = (
            f"{guest.name}: {lengths.sum():,} free pages in {len(lengths):,} runs, "
            f"the longest of {counted(longest, 'page')}"
        )
        head = ["order", "free blocks", "unusable index", "fragmentation index"]
        return [runs, index], Table(caption, head, rows)

    def _draw_blocks(self) -> tuple[list[Pane], Table]:
        allocator, last_step = self.blocks_model.run()
        lists = [allocator.free_list(0, order) for order in range(9)]
        frames = tuple((pfn, 1 << order) for order, pfns in enumerate(lists) for pfn in pfns)
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
        rows = [
            [f"{order}", f"{1 << order}", f"{len(pfns)}", _head_of(pfns)]
            for order, pfns in enumerate(lists)
        ]
        head = ["order", "pages in a block", "free blocks", "first PFNs, next to leave first"]
        figure, axes = new_chart("Free lists")
        draw_lists(axes, lists)
        return [page_map, figure], Table(last_step, head, rows)


_AGEING = (
    Choice("size", "guest", SIZES),
    Range(
        "fragmentation",
        "fragmentation",
        0,
        1,
        0.01,
        "Share of odd pages in use: 0 is freshly booted, 1 a checkerboard.",
    ),
    Range("seed", "seed", 0, 20, 1, "Another seed, another guest of the same age."),
)


_RULES = "The rules in Python: the code that just ran, which tells what it did"


def _rules() -> str:
    """Return the source of the two methods that split and merge."""
    methods = (OneBlockAtATime._rmqueue_smallest, OneBlockAtATime._free_one_page)
    return "\n".join(dedent(getsource(method)) for method in methods)


def _taken_in_words(pfn: int, source: Block | None) -> str:
    if source is None:
        return f"Page {pfn} is taken: it was a free block of order 0, nothing is split."
    pages = 1 << source.order
    return (
        f"Page {pfn} is taken: the block of {pages} pages at {source.pfn} is split, "
        f"and its other {pages - 1} pages stay free."
    )


def _merged_in_words(pfn: int, block: Block) -> str:
    if block.order == 0:
        return f"Page {pfn} is given back: its buddy, page {pfn ^ 1}, is taken, so nothing merges."
    return (
        f"Page {pfn} is given back and merges, buddy by buddy, into the block of "
        f"{1 << block.order} pages at {block.pfn}."
    )


def _head_of(pfns: list[int]) -> str:
    return " ".join(map(str, pfns[:12])) + (" ..." if len(pfns) > 12 else "")
