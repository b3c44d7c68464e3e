"""How fragmented free memory is: the kernel's two indices, and the runs of free pages.

Both indices ask about one order: could a block of that size be had, and if not, is it because
memory is short or because it is in pieces? They are the kernel's own figures
(``/sys/kernel/debug/extfrag``, Linux 6.1 ``mm/vmstat.c``), in thousandths.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["fragmentation_index", "free_runs", "unusable_index"]


def unusable_index(blocks: Sequence[int], order: int) -> int:
    """Return the share of free memory that a request of `order` cannot use, in thousandths.

    Parameters
    ----------
    blocks : integers, shape (11,)
        Free blocks at order 0..10 of one zone.

    Notes
    -----
    ``(F - S * 2^order) * 1000 // F`` with F free pages and S blocks of `order` that fit; 1000
    when nothing is free.

    Examples
    --------
    >>> unusable_index([4, 2, 1] + [0] * 8, order=2)
    666
    """
    free_pages, _, fitting = _counts(blocks, order)
    if free_pages == 0:
        return 1000
    return (free_pages - (fitting << order)) * 1000 // free_pages


def fragmentation_index(blocks: Sequence[int], order: int) -> int:
    """Say why a request of `order` would fail: towards 0 memory is short, towards 1000 in pieces.

    -1000 when it would not fail.

    Notes
    -----
    ``1000 - (1000 + F * 1000 // 2^order) // B`` with F free pages in B blocks; 0 when none is free.

    Examples
    --------
    >>> fragmentation_index([4, 2, 1] + [0] * 8, order=3)
    643
    """
    free_pages, free_blocks, fitting = _counts(blocks, order)
    if free_blocks == 0:
        return 0
    if fitting:
        return -1000
    return 1000 - (1000 + free_pages * 1000 // (1 << order)) // free_blocks


def free_runs(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the lengths of the runs of contiguous free pages, ascending by PFN, shape (runs,).

    Runs know no alignment: one may be many blocks. They bound what chunks can do.

    Examples
    --------
    >>> free_runs(np.array([True, True, False, True])).tolist()
    [2, 1]
    """
    edges = np.flatnonzero(np.diff(free, prepend=False, append=False))
    return edges[1::2] - edges[::2]


def _counts(blocks: Sequence[int], order: int) -> tuple[int, int, int]:
    free_pages = sum(int(n) << at for at, n in enumerate(blocks))
    fitting = sum(int(n) << (at - order) for at, n in enumerate(blocks) if at >= order)
    return free_pages, int(sum(blocks)), fitting
