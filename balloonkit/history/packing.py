"""The packing loops of the posted v10 driver, re-enacted with its faults as switches.

Pages go into bitmaps laid from the smallest PFN of the fill, bitmaps are searched for runs, and a
range wider than the bitmaps in hand takes several rounds. This follows the control flow of the
posting (v10 3/6, 4 May 2017) and is not its code. All numbers here are guest pages.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.history.bitmap import SparseBitmap
from balloonkit.history.faults import Fault

__all__ = ["NullPointerError", "ascending", "pack_rounds", "search_runs"]


class NullPointerError(Exception):
    """The driver would have used a bitmap it does not hold: the guest's kernel stops here."""


def ascending(pfns: ArrayLike) -> NDArray[np.int64]:
    """Sort page numbers and drop duplicates.

    Raises
    ------
    ValueError
        If one is negative or no whole number.

    Examples
    --------
    >>> ascending([7, 3, 7]).tolist()
    [3, 7]
    """
    # np.unique would do the same, but hashes integers: 40 times slower on two million of them.
    array = np.asarray(pfns)
    if array.size and (array.dtype.kind not in "iu" or array.min() < 0):
        raise ValueError(f"pages from {array.min()} of type {array.dtype}: give PFNs, 0 or more")
    pages = np.sort(array.astype(np.int64))
    return pages[np.diff(pages, prepend=-1) > 0]


def search_runs(
    bitmap: SparseBitmap, size: int, faults: frozenset[Fault]
) -> Iterator[tuple[int, int]]:
    """Search the first `size` bits: (first bit, length) of each run found, ascending.

    Examples
    --------
    >>> bitmap = SparseBitmap(np.array([0, 2, 4]))
    >>> list(search_runs(bitmap, 8, frozenset()))
    [(0, 1), (2, 1), (4, 1)]
    >>> list(search_runs(bitmap, 8, frozenset({Fault.B4})))
    [(0, 1), (2, 1)]
    """
    position = 0
    while position < size:
        first = bitmap.next_one(size, position)
        if first == size:
            return
        after = bitmap.next_zero(size, first + 1)
        yield first, after - first
        if Fault.B4 in faults:
            position += after + 1  # adds a place to a place: the gap left out grows with each run
        else:
            position = after + 1


def pack_rounds(
    pages: NDArray[np.int64],
    lowest_pfn: int,
    highest_pfn: int,
    in_hand: int,
    bits: int,
    faults: frozenset[Fault],
) -> Iterator[list[tuple[int, int]]]:
    """Pack `pages` round by round: for each round with a page in it, its runs as (base, size).

    Parameters
    ----------
    pages : array of int64, shape (n,)
        Guest page numbers, ascending; may reach beyond the range.
    lowest_pfn, highest_pfn : int
        The range to tell the host about, both ends included.
    in_hand, bits : int
        Bitmaps held, and the guest pages each stands for.

    Raises
    ------
    NullPointerError
        If a page falls behind the last bitmap in hand (fault B7).

    Examples
    --------
    >>> pages = np.array([0, 1, 130])
    >>> list(pack_rounds(pages, 0, 130, in_hand=1, bits=64, faults=frozenset()))
    [[(0, 2)], [(130, 1)]]
    """
    start_pfn = lowest_pfn
    while start_pfn < highest_pfn or (start_pfn == highest_pfn and Fault.B2 not in faults):
        next_pfn = start_pfn + in_hand * bits
        last_pfn = min(next_pfn if Fault.B7 in faults else next_pfn - 1, highest_pfn)
        first, end = np.searchsorted(pages, (start_pfn, last_pfn + 1)).tolist()
        if end > first:
            bitmaps = _fill(pages[first:end] - start_pfn, in_hand, bits)
            yield [
                (start_pfn + index * bits + bit, length)
                for index, bitmap in enumerate(bitmaps)
                for bit, length in search_runs(
                    bitmap,
                    bits
                    if index + 1 < in_hand
                    else _bits_in_last(start_pfn, next_pfn, highest_pfn, bits, faults),
                    faults,
                )
            ]
        start_pfn = next_pfn


def _fill(places: NDArray[np.int64], in_hand: int, bits: int) -> list[SparseBitmap]:
    index = int(places[-1]) // bits
    if index >= in_hand:
        raise NullPointerError(
            f"page {int(places[-1])} of the round belongs to bitmap {index}, "
            f"but bitmaps 0 to {in_hand - 1} are all there is"
        )
    edges = np.searchsorted(places, np.arange(in_hand + 1) * bits).tolist()
    return [SparseBitmap(places[edges[i] : edges[i + 1]] - i * bits) for i in range(in_hand)]


def _bits_in_last(
    start_pfn: int, next_pfn: int, highest_pfn: int, bits: int, faults: frozenset[Fault]
) -> int:
    """Count the bits to search in a round's last bitmap.

    The posting has one expression for it, the distance to the round's end modulo `bits`. It is
    wrong in three ways, told apart here by the remainder so that each can be switched alone.
    """
    if next_pfn <= highest_pfn:
        return 0 if Fault.B6 in faults else bits
    remainder = (highest_pfn - start_pfn) % bits
    off_by_one = Fault.B5 if remainder == 0 else Fault.B3
    return remainder if off_by_one in faults else remainder + 1
