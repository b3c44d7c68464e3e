"""Inputs of the fragmentation lab: an aged guest, and a small one whose blocks are taken apart."""

from dataclasses import dataclass

import numpy as np
import traitlets

from balloonkit.events import Event, Split
from balloonkit.find import guest_of_paste
from balloonkit.guest import Guest, OneBlockAtATime
from balloonkit.guest.blocks import Block

__all__ = [
    "RETURN_ORDERS",
    "SIZES",
    "SMALL_PAGES",
    "AgedGuest",
    "BlocksModel",
    "FragmentationModel",
    "SmallGuest",
]

#: In what order the pages of the small guest come back.
RETURN_ORDERS = ("newest first", "oldest first", "at random")
#: RAM of the aged guest.
SIZES = ("64MiB", "1GiB", "8GiB")

#: Pages of the small guest whose blocks are split and merged: few enough for a letter each.
SMALL_PAGES = 256


@dataclass(frozen=True)
class AgedGuest:
    """A guest, and the place to magnify: per cent of its addresses."""

    guest: Guest
    look_at: float


class FragmentationModel(traitlets.HasTraits):
    """An aged guest: size, share of odd pages in use, seed; or a machine of the learner's own.

    And the place to magnify.
    """

    size = traitlets.Enum(SIZES, "8GiB")
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    seed = traitlets.Int(1, min=0, max=20)
    look_at = traitlets.Float(60, min=0, max=100)
    machine = traitlets.Unicode()

    _made: tuple[tuple[str, float, int, str], Guest] | None = None

    def guest(self) -> Guest:
        """Return the guest these inputs describe; the last one is kept for the next view."""
        inputs = (self.size, self.fragmentation, self.seed, self.machine)
        if self._made is None or self._made[0] != inputs:
            own = self.machine.strip()
            guest = guest_of_paste(self.machine, self.seed) if own else Guest.aged(*inputs[:3])
            self._made = inputs, guest
        return self._made[1]

    def aged(self) -> AgedGuest:
        """Return the guest, and where to look."""
        return AgedGuest(self.guest(), self.look_at)


@dataclass(frozen=True)
class SmallGuest:
    """Free lists of the small guest by order, each block's first PFN; and the last step in words.

    Attributes
    ----------
    lists : tuple of list of int
    last_step : str
    """

    lists: tuple[list[int], ...]
    last_step: str


class BlocksModel(traitlets.HasTraits):
    """A guest of 256 pages from which some are taken, and some of those given back.

    Examples
    --------
    >>> BlocksModel(taken=3, returned=1).run().last_step[:38]
    'Page 2 is given back and merges, buddy'
    """

    taken = traitlets.Int(37, min=0, max=SMALL_PAGES)
    returned = traitlets.Int(0, min=0, max=SMALL_PAGES)
    order = traitlets.Enum(RETURN_ORDERS, "newest first")
    seed = traitlets.Int(1, min=0, max=20)

    def run(self) -> SmallGuest:
        """Take, and give back."""
        allocator = OneBlockAtATime.from_free_mask(np.ones(SMALL_PAGES, bool))
        last_step = self._run(allocator)
        lists = tuple(allocator.free_list(0, order) for order in range(9))
        return SmallGuest(lists, last_step)

    def _run(self, allocator: OneBlockAtATime) -> str:
        if not self.taken:
            return f"All {SMALL_PAGES} pages are one free block of order 8."
        taken = [allocator.alloc() for _ in range(self.taken - 1)]
        allocator.listener = last = _LastStep()
        taken.append(allocator.alloc())
        pages = np.array(taken)
        back = {"newest first": pages[::-1], "oldest first": pages}.get(
            self.order, np.random.default_rng(self.seed).permutation(pages)
        )[: self.returned]
        if not len(back):
            return _taken_in_words(taken[-1], last.split)
        blocks = [allocator.free(pfn) for pfn in back.tolist()]
        return _merged_in_words(int(back[-1]), blocks[-1])


class _LastStep:
    """Listens for the block that was split, if one was."""

    split: Block | None = None

    def grain(self, items: int) -> int:
        return 1

    def tell(self, event: Event) -> None:
        if isinstance(event, Split) and event.listed:
            self.split = Block(int(event.pfns[0]), event.order)


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
