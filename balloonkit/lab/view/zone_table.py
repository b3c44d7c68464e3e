"""The text twin of a memory map: pages of each state and free blocks of each order, by zone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.guest.zones import Zone, count_by_zone
from balloonkit.lab.view.table import Table

__all__ = ["in_words", "zone_table"]


def zone_table(
    caption: str,
    zones: Sequence[Zone],
    states: NDArray[np.uint8],
    blocks: Mapping[str, Sequence[int]],
) -> Table:
    """Return a row for each zone of a guest, lowest zone first.

    Parameters
    ----------
    states : uint8, shape (PFNs,)
        Numbers of `PAGE_STATES`.
    blocks : mapping of zone to sequence of int
        Free blocks at order 0..10.
    """
    kinds = ("in use", "free", "in balloon")
    counts = [count_by_zone(zones, states == PAGE_STATES[kind]) for kind in kinds]
    rows = [
        [zone.label, *pages, *blocks[zone.label]]
        for zone, *pages in zip(zones, *counts, strict=True)
    ]
    head = ["pages in zone", "in use", "free", "in the balloon"]
    head += [f"free blocks of order {order}" for order in range(MAX_ORDER + 1)]
    return Table(caption, head, rows)


def in_words(zones: Sequence[Zone], states: NDArray[np.uint8]) -> str:
    """Count the pages of each state.

    Examples
    --------
    >>> in_words([Zone("DMA", 1, 5)], np.array([0, 1, 2, 2, 3], np.uint8))
    '2 pages free, 1 in the balloon, 1 in use'
    """
    kinds = ("free", "in balloon", "in use")
    free, balloon, use = (sum(count_by_zone(zones, states == PAGE_STATES[kind])) for kind in kinds)
    return f"{free:,} pages free, {balloon:,} in the balloon, {use:,} in use"
