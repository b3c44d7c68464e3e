"""Lab 1, fragmentation: what ageing does to a guest's free memory.

>>> lab = FragmentationLab()
>>> view = lab.guest()  # size, age and seed: the page map and the free lists
"""

import numpy as np
import traitlets
from matplotlib.figure import Figure
from numpy.typing import NDArray

from balloonkit.guest import BuddyAllocator, Guest
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.fragmentation import fragmentation_index, free_runs, unusable_index
from balloonkit.lab.charts import draw_cells, draw_map, draw_orders, draw_runs, draw_zoom, new_axes
from balloonkit.lab.view import Choice, LabView, Range, Table
from balloonkit.layout import ram_layout
from balloonkit.trace import PAGE_STATES

__all__ = ["BlocksModel", "FragmentationLab", "FragmentationModel", "page_states"]

ORDERS = ("newest first", "oldest first", "at random")
SIZES = [("64 MiB", "64MiB"), ("1 GiB", "1GiB"), ("8 GiB", "8GiB")]


def page_states(guest: Guest) -> NDArray[np.uint8]:
    """Return the state of every page as a number of `PAGE_STATES`, shape (PFNs,)."""
    states = np.zeros(len(guest.buddy.free_mask), np.uint8)
    for gpa, size_bytes in ram_layout(guest.size_bytes):
        states[gpa // guest.page_bytes :][: size_bytes // guest.page_bytes] = PAGE_STATES["in use"]
    states[guest.buddy.free_mask] = PAGE_STATES["free"]
    return states


class FragmentationModel(traitlets.HasTraits):
    """An aged guest: size, share of odd pages in use, seed."""

    size = traitlets.Enum([value for _, value in SIZES], "8GiB")
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    seed = traitlets.Int(1, min=0, max=20)

    def guest(self) -> Guest:
        """Return the guest these inputs describe."""
        return Guest.aged(self.size, self.fragmentation, self.seed)


class BlocksModel(traitlets.HasTraits):
    """A guest of 256 pages from which some are taken, and some of those given back."""

    taken = traitlets.Int(37, min=0, max=256)
    returned = traitlets.Int(0, min=0, max=256)
    order = traitlets.Enum(ORDERS, "newest first")
    seed = traitlets.Int(1, min=0, max=20)

    def run(self) -> tuple[BuddyAllocator, NDArray[np.uint8]]:
        """Take, give back, and return the allocator with the state of every page."""
        buddy = BuddyAllocator.from_free_mask(np.ones(256, bool))
        pages = buddy.take(self.taken)
        back = {"newest first": pages[::-1], "oldest first": pages}.get(
            self.order, np.random.default_rng(self.seed).permutation(pages)
        )[: self.returned]
        buddy.give_back(back)
        states = np.full(256, PAGE_STATES["in use"], np.uint8)
        states[buddy.free_mask] = PAGE_STATES["free"]
        return buddy, states


class FragmentationLab:
    """Age a guest, measure it, and take its blocks apart.

    Attributes
    ----------
    model : FragmentationModel
        Inputs of `guest` and `runs`; assign to it to move their controls.
    blocks_model : BlocksModel
        Inputs of `blocks`.
    """

    def __init__(self) -> None:
        self.model = FragmentationModel()
        self.blocks_model = BlocksModel()

    def guest(self) -> LabView:
        """Age a guest: the page map, and its free memory by order."""
        return LabView(self.model, self._controls(), self._draw_guest, "Age a guest")

    def runs(self) -> LabView:
        """Measure it: free runs, and what a request of each order could not use."""
        return LabView(self.model, self._controls(), self._draw_runs, "Measure its fragmentation")

    def blocks(self) -> LabView:
        """Allocate and free pages of a small guest: watch blocks split and merge."""
        controls = (
            Range("taken", "pages taken", 0, 256, 1, "One request for a page after the other."),
            Range("returned", "pages given back", 0, 256, 1, "At most what was taken."),
            Choice("order", "given back", [(o, o) for o in ORDERS]),
            Range("seed", "seed", 0, 20, 1, "Another seed, another random order."),
        )
        return LabView(self.blocks_model, controls, self._draw_blocks, "Split and merge blocks")

    def all(self) -> list[LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.guest(), self.runs(), self.blocks()]

    def _controls(self) -> tuple[Choice | Range, ...]:
        return (
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

    def _draw_guest(self) -> tuple[Figure, Table]:
        guest = self.model.guest()
        counts = guest.buddy.buddyinfo()
        states = page_states(guest)
        figure, (whole, zoom, orders) = new_axes((5, 2, 4))
        draw_map(whole, states)
        draw_zoom(zoom, states, guest.buddy.zones[-1].start_pfn + 4096)
        draw_orders(orders, guest.buddy.zones, counts)
        rows = [[zone, *(f"{n:,}" for n in blocks)] for zone, blocks in counts.items()]
        head = ["zone", *(f"order {order}" for order in range(MAX_ORDER + 1))]
        return figure, Table(f"Free blocks of {guest.name}, as /proc/buddyinfo", head, rows)

    def _draw_runs(self) -> tuple[Figure, Table]:
        guest = self.model.guest()
        blocks = np.sum(list(guest.buddy.buddyinfo().values()), axis=0).tolist()
        lengths = free_runs(guest.buddy.free_mask)
        unusable = [unusable_index(blocks, order) for order in range(MAX_ORDER + 1)]
        figure, (left, right) = new_axes((1, 1))
        draw_runs(left, lengths)
        right.plot(np.array(unusable) / 1000, marker="o", color="#D55E00")
        right.set_ylim(-0.05, 1.05)
        right.set_xlabel("order asked for")
        right.set_ylabel("free memory it cannot use (unusable index)")
        right.grid(alpha=0.3)
        rows = [
            [
                f"{order}",
                f"{blocks[order]:,}",
                f"{unusable[order] / 1000:.3f}",
                f"{fragmentation_index(blocks, order) / 1000:.3f}",
            ]
            for order in range(MAX_ORDER + 1)
        ]
        caption = (
            f"{guest.name}: {lengths.sum():,} free pages in {len(lengths):,} runs, "
            f"the longest {lengths.max() if len(lengths) else 0:,} pages"
        )
        head = ["order", "free blocks", "unusable index", "fragmentation index"]
        return figure, Table(caption, head, rows)

    def _draw_blocks(self) -> tuple[Figure, Table]:
        buddy, states = self.blocks_model.run()
        lists = [buddy.free_list(0, order).tolist() for order in range(MAX_ORDER + 1)]
        figure, (axes,) = new_axes()
        framed = [(pfn, 1 << order) for order, pfns in enumerate(lists) for pfn in pfns]
        draw_cells(axes, states, framed)
        rows = [
            [f"{order}", f"{len(pfns)}", " ".join(map(str, pfns[:12])) + " ..." * (len(pfns) > 12)]
            for order, pfns in enumerate(lists[:9])
        ]
        caption = (
            f"{int((states == PAGE_STATES['free']).sum())} of 256 pages free in "
            f"{len(framed)} blocks; a frame is a block, the head of a list leaves first"
        )
        return figure, Table(caption, ["order", "blocks", "first PFNs, head first"], rows)
