"""How many chunks a balloon can make, from the counts of free blocks alone.

Counts say how many free blocks there are, not where they lie. That bounds the chunks:

* at most one chunk a block, when no two of them touch;
* at least so many that no run holds more than two blocks of one order, the largest apart. A run
  of free memory is cut into blocks that grow and then shrink: two blocks of one order beside each
  other and of equal parents would have merged, so of each order below the largest a run holds one
  on the way up and one on the way down.

Caveat: next to CMA and isolated pageblocks the kernel leaves two free buddies unmerged; where such
memory is free the lower bound may be too high at the order of a pageblock and above.
"""

from collections.abc import Sequence

__all__ = ["blocks_whole_largest_first", "blocks_within", "chunk_interval"]


def chunk_interval(counts: Sequence[int]) -> tuple[int, int]:
    """Return the fewest and the most chunks a set of free blocks can make.

    Parameters
    ----------
    counts : sequence of int, shape (orders,)
        Blocks in the set by order; the last order is the largest a kernel has.

    Notes
    -----
    ``most = sum(n)``; ``least = max(ceil(n_o / 2))`` over the orders below the largest, and at
    least 1 if there is a block.

    Examples
    --------
    >>> chunk_interval([5, 0, 2] + [0] * 7 + [4])
    (3, 11)
    """
    most = sum(counts)
    return max([min(most, 1), *(-(-n // 2) for n in counts[:-1])]), most


def blocks_within(counts: Sequence[int], pages: int) -> list[int]:
    """Count the blocks the first `pages` pages come from, smallest orders first.

    Single pages are taken so: the lowest order there is, until it is empty. The last block may be
    needed only in part.

    Examples
    --------
    >>> blocks_within([5, 2, 1, 3], 14)
    [5, 2, 1, 1]
    """
    used = []
    for order, n in enumerate(counts):
        used.append(min(n, -(-pages >> order)))
        pages = max(pages - (used[-1] << order), 0)
    return used


def blocks_whole_largest_first(counts: Sequence[int], pages: int) -> list[int]:
    """Count the blocks that fit into `pages` pages whole, largest first; none is split.

    Examples
    --------
    >>> blocks_whole_largest_first([5, 2, 1, 3], 14)
    [0, 1, 1, 1]
    """
    used = [0] * len(counts)
    for order in reversed(range(len(counts))):
        used[order] = min(counts[order], pages >> order)
        pages -= used[order] << order
    return used
