"""Ranges of pages, as a trace names them: what touches, from where to where, and whose they are.

`PageRanges` are arrays of int64, shape (n, 2): first page, and how many.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["PageRanges", "behind", "guest_reach", "marked_as", "ranges_of", "reach", "spans"]

#: First page, and how many, shape (n, 2).
PageRanges = NDArray[np.int64]


def ranges_of(starts: NDArray[np.integer], counts: NDArray[np.integer]) -> PageRanges:
    """Put first pages and counts, shape (n,) each, side by side.

    Examples
    --------
    >>> ranges_of(np.array([4, 9]), np.array([2, 1])).tolist()
    [[4, 2], [9, 1]]
    """
    return np.stack((starts, counts), axis=1).astype(np.int64)


def spans(pfns: NDArray[np.uint32], pages: int = 1) -> PageRanges:
    """Write blocks of `pages` pages, in any order, as ranges of what touches, ascending.

    Examples
    --------
    >>> spans(np.array([9, 3, 4], np.uint32)).tolist()
    [[3, 2], [9, 1]]
    """
    firsts = np.sort(pfns).astype(np.int64)
    starts = np.flatnonzero(np.diff(firsts, prepend=-2 * pages - 1) != pages)
    counts = np.diff(np.append(starts, len(firsts))) * pages
    return ranges_of(firsts[starts], counts)


def reach(ranges: PageRanges) -> tuple[int, int]:
    """Return the first page, and how many there are up to the last.

    Examples
    --------
    >>> reach(np.array([[9, 1], [3, 2]]))
    (3, 7)
    """
    if not len(ranges):
        return 0, 0
    first = int(ranges[:, 0].min())
    return first, int(ranges.sum(axis=1).max()) - first


def marked_as(ranges: PageRanges, value: int) -> list[list[int]]:
    """Write ranges as [first, pages, value] each: what a page became, or is to.

    Examples
    --------
    >>> marked_as(np.array([[4, 2]]), 3)
    [[4, 2, 3]]
    """
    values = np.full(len(ranges), value, np.int64)
    marked: list[list[int]] = np.column_stack((ranges, values)).tolist()
    return marked


def behind(regions: Sequence[Sequence[int]], host: PageRanges) -> PageRanges:
    """Find the balloon pages behind ranges of host pages, each inside one region.

    `regions` are (first balloon page, pages, first host page), as a trace shows them.

    Examples
    --------
    >>> behind([[0, 8, 0], [100, 8, 8]], np.array([[2, 3], [8, 1]])).tolist()
    [[2, 3], [100, 1]]
    """
    firsts = np.array([host_page for _, _, host_page in regions], np.int64)
    shifts = np.array([page - host_page for page, _, host_page in regions], np.int64)
    mine = host.copy()
    mine[:, 0] += shifts[np.searchsorted(firsts, host[:, 0], side="right") - 1]
    return mine


def guest_reach(scale: int, balloon_pages: PageRanges) -> tuple[int, int]:
    """Return the span of guest pages, `scale` times 4 KiB each, that ranges of 4 KiB pages touch.

    Examples
    --------
    >>> guest_reach(4, ranges_of(np.array([6, 9]), np.array([1, 2])))
    (1, 2)
    """
    first, pages = reach(balloon_pages)
    end = -(-(first + pages) // scale)
    return first // scale, end - first // scale
