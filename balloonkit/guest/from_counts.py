"""A guest made of nothing but counts of free blocks: one layout of the many they allow.

Counts say how many free blocks there are; where they lie is drawn by a seed. The layout has exactly
these blocks: wherever one half of a larger block is free, the other is not, so no two of them merge
to one nobody counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES
from balloonkit.guest.guest import Guest
from balloonkit.guest.migrate_types import KEPT_FROM_A_BALLOON, MIGRATE_TYPES
from balloonkit.guest.zones import PAGEBLOCK_PAGES, Zone
from balloonkit.limits import check_modelled
from balloonkit.ram_layout import RamRange
from balloonkit.units import format_size

__all__ = ["CountedZone", "guest_from_counts"]

# Bytes a page takes while the layout is drawn: the mask, its copy, and PFNs of half the pages.
_MODEL_BYTES = 20


@dataclass(frozen=True)
class CountedZone:
    """A zone known by its free blocks.

    Attributes
    ----------
    zone : Zone
        Its name and watermarks; where it lies is worked out.
    counts : sequence of int
        Free blocks by order.
    pages : int
        All its pages, free or not; as many as the blocks need if that is more.
    by_type : mapping of str to sequence of int
        The blocks by migrate type, where that is known; each type gets pageblocks of its own.
        Blocks of `KEPT_FROM_A_BALLOON` are free, and in no list.
    """

    zone: Zone
    counts: Sequence[int]
    pages: int = 0
    by_type: Mapping[str, Sequence[int]] = field(default_factory=dict)


def guest_from_counts(
    name: str, zones: Sequence[CountedZone], page_bytes: int = 4096, seed: int = 0
) -> Guest:
    """Make a guest whose free blocks are these, zones one after the other from PFN 0.

    Blocks above order 10 are laid as blocks of order 10 side by side: the allocator here has none
    larger.

    Parameters
    ----------
    name : str
    zones : sequence of CountedZone
        Lowest first; their names differ.
    page_bytes : int
        The guest's page size.
    seed : int
        Draws where the blocks lie.

    Examples
    --------
    >>> counts = [5, 0, 2, 0, 0, 0, 0, 0, 0, 1, 3]
    >>> guest = guest_from_counts("pasted", [CountedZone(Zone("Normal", 0, 0), counts)])
    >>> guest.buddy.buddyinfo()["Normal"] == counts
    True
    """
    rng = np.random.default_rng(seed)
    folded = [
        {name: _fold(counts) for name, counts in (zone.by_type or {"": zone.counts}).items()}
        for zone in zones
    ]
    frames = [
        max(sum(map(_frames_needed, types.values())), -(-zone.pages // TOP_PAGES))
        for zone, types in zip(zones, folded, strict=True)
    ]
    size_bytes = sum(frames) * TOP_PAGES * page_bytes
    if not size_bytes:
        raise ValueError(f"guest {name}: no zone of it has a page")
    check_modelled(
        sum(frames) * TOP_PAGES * _MODEL_BYTES, f"a guest of {format_size(size_bytes)}", size_bytes
    )
    parts, placed, start_pfn = [], [], 0
    for counted, types, n in zip(zones, folded, frames, strict=True):
        end_pfn = start_pfn + n * TOP_PAGES
        parts += _layout_types(types, n, rng)
        placed.append(replace(counted.zone, start_pfn=start_pfn, end_pfn=end_pfn))
        start_pfn = end_pfn
    ram = (RamRange(0, size_bytes),)
    free = np.concatenate([part for _, part in parts])
    kept = np.concatenate([np.full(len(p), name in KEPT_FROM_A_BALLOON) for name, p in parts])
    guest = Guest(name, size_bytes, free & ~kept, tuple(placed), page_bytes=page_bytes, ram=ram)
    if any(counted.by_type for counted in zones):
        numbers = [(MIGRATE_TYPES.get(name or "Movable", 2), len(part)) for name, part in parts]
        guest.pageblocks = np.concatenate(
            [np.full(pages // PAGEBLOCK_PAGES, number, np.uint8) for number, pages in numbers]
        )
        guest.kept_free = free & kept
    return guest


def _layout_types(
    types: Mapping[str, list[int]], frames: int, rng: np.random.Generator
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Lay the blocks of each migrate type into frames of its own; spare frames are movable."""
    most = "" if "" in types else "Movable"
    types = {most: [0] * (MAX_ORDER + 1)} | dict(types)
    needed = {name: _frames_needed(counts) for name, counts in types.items()}
    needed[most] += frames - sum(needed.values())
    return [(name, _layout(counts, needed[name], rng)) for name, counts in types.items()]


def _fold(counts: Sequence[int]) -> list[int]:
    """Return counts at order 0..10, larger blocks as so many of order 10."""
    folded = [*counts[: MAX_ORDER + 1], *[0] * (MAX_ORDER + 1 - len(counts))]
    folded[MAX_ORDER] += sum(
        n << (order - MAX_ORDER) for order, n in enumerate(counts) if order > MAX_ORDER
    )
    return folded


def _frames_needed(counts: list[int]) -> int:
    """Count the blocks of order 10 the layout needs, those that are wholly free included.

    Going down, each broken block gives two halves of which at most one is free.
    """
    least, used = 0, 0  # used: halves already free, in blocks of the order at hand
    for order in range(MAX_ORDER - 1, -1, -1):
        # With F frames broken there are F * 2^k broken blocks one order up, less those used.
        k = MAX_ORDER - order - 1
        least = max(least, -(-(counts[order] + used) >> k))
        used = 2 * used + counts[order]
    return least + counts[MAX_ORDER]


def _layout(counts: list[int], frames: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    free = np.zeros(frames * TOP_PAGES, bool)
    order_of_frames = rng.permutation(frames)
    free.reshape(-1, TOP_PAGES)[order_of_frames[: counts[MAX_ORDER]]] = True
    broken = np.sort(order_of_frames[counts[MAX_ORDER] :]).astype(np.int64)
    for order in range(MAX_ORDER - 1, -1, -1):
        # Every broken block of the order above is two halves, numbered 2n and 2n + 1.
        with_free = rng.permutation(len(broken)) < counts[order]
        side = rng.integers(0, 2, len(broken))
        free.reshape(-1, 1 << order)[(2 * broken + side)[with_free]] = True
        whole = broken[~with_free]
        broken = np.concatenate(((2 * broken + 1 - side)[with_free], 2 * whole, 2 * whole + 1))
    return free
