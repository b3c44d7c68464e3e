"""One bitmap of the re-enacted driver, kept as its runs of ones.

A real guest's bitmap has 262,144 bits and often a single run. Kept as runs, the two searches the
posted loop is made of cost a binary search each, so replaying it costs per run, not per bit.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from balloonkit.wire import pack_chunks

__all__ = ["SparseBitmap"]


class SparseBitmap:
    """Set bits, found again by the two searches a kernel offers.

    Parameters
    ----------
    positions : integers, shape (n,)
        Bits that are set, in any order; duplicates count once.

    Examples
    --------
    >>> bitmap = SparseBitmap(np.array([2, 3, 7]))
    >>> bitmap.next_one(size=8, start=0), bitmap.next_zero(size=8, start=2)
    (2, 4)
    """

    def __init__(self, positions: NDArray[np.integer]) -> None:
        runs = pack_chunks(positions)
        self._starts: list[int] = runs[:, 0].tolist()
        self._ends: list[int] = runs.sum(axis=1).tolist()

    def next_one(self, size: int, start: int) -> int:
        """Find the first set bit in [start, size), or return `size`."""
        run = bisect_right(self._ends, start)
        if run == len(self._starts):
            return size
        return min(max(self._starts[run], start), size)

    def next_zero(self, size: int, start: int) -> int:
        """Find the first clear bit in [start, size), or return `size`."""
        run = bisect_right(self._starts, start) - 1
        if run >= 0 and start < self._ends[run]:
            return min(self._ends[run], size)
        return min(start, size)
