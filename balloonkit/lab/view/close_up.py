"""All of a guest's memory, and a close-up of one block of it: what a map's cell blurs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.blocks import TOP_PAGES
from balloonkit.guest.zones import Zone
from balloonkit.lab.view.page_map import CLOSE_UP_COLUMNS, PageMap
from balloonkit.lab.view.palette import PAGE_LOOKS, Look

__all__ = ["magnified_pfn", "whole_and_close_up"]


def magnified_pfn(percent: float, span_pfns: int) -> int:
    """Return the first page of the top-order block at a share of the addresses.

    Examples
    --------
    >>> magnified_pfn(50, 16384), magnified_pfn(100, 16384)
    (8192, 15360)
    """
    pfn = int(percent / 100 * span_pfns) // TOP_PAGES * TOP_PAGES
    return min(pfn, span_pfns - TOP_PAGES)


def whole_and_close_up(
    states: NDArray[np.uint8],
    at_pfn: int,
    zones: tuple[Zone, ...],
    looks: Sequence[Look] = PAGE_LOOKS,
    lit: tuple[int, ...] = (),
    picks: str = "",
) -> tuple[PageMap, PageMap]:
    """Map all of a guest, and one by one the 1024 pages from `at_pfn`: what a cell blurs."""
    whole = PageMap.of(
        "All memory",
        states,
        looks,
        zones=zones,
        frames=((at_pfn, TOP_PAGES),),
        lit=lit,
        picks=picks,
    )
    block = states[at_pfn : at_pfn + TOP_PAGES]
    title = f"1024 pages from PFN {at_pfn:,}"
    return whole, PageMap.of(title, block, looks, first_pfn=at_pfn, columns=CLOSE_UP_COLUMNS)
