"""Free memory told without being asked for: reporting, which releases it, and hinting."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from balloonkit.field.contender import Taken
from balloonkit.guest.blocks import MAX_ORDER, maximal_blocks
from balloonkit.guest.guest import Guest

__all__ = ["Hinting", "Reporting"]

#: A pass of reporting takes this share of each free list (Linux mm/page_reporting.c).
_PASS_SHARE = 16


@dataclass(frozen=True)
class Reporting:
    """Free page reporting: every so often, some free blocks of at least an order.

    The guest keeps them; a reported block comes back with its first touch. It has no target: all
    free memory of that order goes, in the end.

    Attributes
    ----------
    order : int
        Smallest block told; 9 on x86 by default.
    delay_s : float
        Between two passes; 2 s in Linux.
    capacity : int
        Blocks in a message; 32 in Linux.
    """

    order: int = 9
    delay_s: float = 2.0
    capacity: int = 32
    source: str = "Linux 5.7 mm/page_reporting.c"
    unit: str = ""

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"reporting, order {self.order}, {self.delay_s:g} s, {self.capacity}"

    def take(self, guest: Guest, pages: int) -> Taken:
        """Report free blocks, largest order first, until so much is told."""
        by_order = maximal_blocks(guest.buddy.free_mask)
        starts, counts, passes, messages = [], [], 0, 0
        left = pages
        for order in range(MAX_ORDER, self.order - 1, -1):
            blocks = by_order[order][: left >> order].astype(np.int64)
            if not len(blocks):
                continue
            starts.append(blocks)
            counts.append(np.full(len(blocks), 1 << order))
            left -= len(blocks) << order
            a_pass = max(ceil(len(by_order[order]) / _PASS_SHARE), 1)
            needed = ceil(len(blocks) / a_pass)
            passes = max(passes, needed)  # a pass looks at every list
            messages += ceil(len(blocks) / self.capacity)
        none = np.empty(0, np.int64)
        sizes = np.concatenate([none, *counts])
        return Taken(
            np.concatenate([none, *starts]),
            sizes,
            len(sizes),
            messages,
            allocations=len(sizes),
            translations=len(sizes),
            waited_s=passes * self.delay_s,
            remark="no target: stopped here at what was asked; waiting is all that is timed",
        )


@dataclass(frozen=True)
class Hinting:
    """Free page hinting: blocks of the largest order, allocated, told and held until DONE.

    Migration leaves them out; the host releases nothing.
    """

    title: str = "hinting"
    source: str = "Linux 4.19 drivers/virtio/virtio_balloon.c, VIRTIO_BALLOON_F_FREE_PAGE_HINT"
    unit: str = ""

    def take(self, guest: Guest, pages: int) -> Taken:
        """Take blocks of the largest order, and release none."""
        blocks = guest.buddy.take(pages >> MAX_ORDER, MAX_ORDER)
        none = np.empty(0, np.int64)
        told_mib = len(blocks) << MAX_ORDER >> 8
        return Taken(
            none,
            none,
            len(blocks),
            len(blocks),
            allocations=len(blocks),
            remark=f"{told_mib:,} MiB told and held for a migration to leave out; nothing released",
        )
