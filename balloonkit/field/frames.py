"""Memory taken 2 MiB at a time without a balloon: virtio-mem, and a host that reads frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.field.contender import HUGE_PAGES_2M, Taken, huge_blocks
from balloonkit.guest.guest import Guest
from balloonkit.units import PFN_SHIFT

__all__ = ["FrameStates", "VirtioMem", "ram_pages_mask"]


def ram_pages_mask(guest: Guest) -> NDArray[np.bool_]:
    """Tell which PFNs are RAM, shape (PFNs,)."""
    mask = np.zeros(len(guest.buddy.free_mask), bool)
    for gpa, size_bytes in guest.ram:
        mask[gpa >> PFN_SHIFT : (gpa + size_bytes) >> PFN_SHIFT] = True
    return mask


@dataclass(frozen=True)
class VirtioMem:
    """A memory device that unplugs its blocks of 2 MiB, highest first.

    Attributes
    ----------
    movable : bool
        Move what is in use out of a block first, as in ZONE_MOVABLE; else take free blocks only.
    """

    movable: bool = False
    source: str = "Linux drivers/virtio/virtio_mem.c; rates: EuroSys 2025"
    unit: str = "virtio-mem"

    @property
    def title(self) -> str:
        """What tables call it."""
        return "virtio-mem, movable" if self.movable else "virtio-mem, free blocks"

    def take(self, guest: Guest, pages: int) -> Taken:
        """Unplug blocks from the top of RAM down."""
        free = guest.buddy.free_mask
        wanted = pages // HUGE_PAGES_2M
        assumed = "assumed: all RAM is the device's"
        if not self.movable:
            blocks = huge_blocks(free)[::-1][:wanted]
            migrated_pages = 0
        else:
            blocks, migrated_pages = self._movable(guest, wanted)
            assumed += " and every page in use can move; moving is not priced"
        return Taken(
            blocks,
            np.full(len(blocks), HUGE_PAGES_2M),
            len(blocks),
            len(blocks),
            translations=len(blocks),
            migrated_pages=migrated_pages,
            remark=assumed,
        )

    def _movable(self, guest: Guest, wanted: int) -> tuple[NDArray[np.int64], int]:
        """Go down from the top for as long as what is in use fits into what stays free below."""
        blocks = huge_blocks(ram_pages_mask(guest))[::-1]
        free_in = guest.buddy.free_mask[blocks[:, None] + np.arange(HUGE_PAGES_2M)].sum(axis=1)
        moved = np.cumsum(HUGE_PAGES_2M - free_in)
        left = int(guest.buddy.free_mask.sum()) - np.cumsum(free_in) - moved
        number = min(wanted, int(np.count_nonzero(left >= 0)))
        return blocks[:number], int(moved[number - 1]) if number else 0


@dataclass(frozen=True)
class FrameStates:
    """A host that shares the guest's table of 2 MiB frames, and takes those that are free.

    The guest does nothing: no message, no allocation.
    """

    title: str = "2 MiB frame states"
    source: str = "HyperAlloc, EuroSys 2025"
    unit: str = "frame"

    def take(self, guest: Guest, pages: int) -> Taken:
        """Take whole free frames, lowest first."""
        frames = huge_blocks(guest.buddy.free_mask)[: pages // HUGE_PAGES_2M]
        sizes = np.full(len(frames), HUGE_PAGES_2M)
        return Taken(frames, sizes, len(frames), 0, translations=len(frames))
