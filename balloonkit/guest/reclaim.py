"""Reclaim: a guest whose memory is page cache gives it up when the balloon asks for more.

When a zone falls to its low watermark Linux wakes kswapd, which frees clean page cache from the old
end of its lists (``mm/vmscan.c``, ``shrink_inactive_list``), so the balloon goes on. *How many*
pages it can get that way follows from page flags. *Which* is an estimate: no flag tells a page's
age, so it is taken from where the allocator would have put it: pages read first filled small free
blocks, later ones whole blocks of the largest order, lowest first.

Assumed: clean, unmapped pages on the LRU lists are given up, inactive ones first; dirty, mapped and
swap-backed ones are not, though a kernel that is short enough takes those as well. kswapd keeps up:
it has freed what is missing before the driver is refused a page.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.guest.blocks import TOP_PAGES, Pfns
from balloonkit.guest.guest import Guest
from balloonkit.guest.page_states import (
    KPF_ACTIVE,
    KPF_ANON,
    KPF_DIRTY,
    KPF_LOCKED,
    KPF_LRU,
    KPF_MMAP,
    KPF_NOPAGE,
    KPF_SWAPBACKED,
    KPF_UNEVICTABLE,
    KPF_WRITEBACK,
    flag_mask,
)

__all__ = ["cache_pfns", "reclaim"]

#: kswapd frees so many pages in one go (``SWAP_CLUSTER_MAX``).
_CLUSTER_PAGES = 32
_ON_LRU, _NO_PAGE, _ACTIVE = flag_mask(KPF_LRU), flag_mask(KPF_NOPAGE), flag_mask(KPF_ACTIVE)
_KEPT = flag_mask(
    KPF_ANON,
    KPF_SWAPBACKED,
    KPF_DIRTY,
    KPF_WRITEBACK,
    KPF_MMAP,
    KPF_LOCKED,
    KPF_UNEVICTABLE,
)


def cache_pfns(flags: ArrayLike) -> Pfns:
    """Find the clean page cache of a guest, that which would be given up first at the start.

    Parameters
    ----------
    flags : uint64, shape (PFNs,)
        ``/proc/kpageflags``.

    Examples
    --------
    >>> flags = np.zeros(2048, np.uint64)
    >>> flags[[1500, 7, 3]] = 1 << KPF_LRU
    >>> flags[3] |= 1 << KPF_DIRTY
    >>> cache_pfns(flags).tolist()
    [7, 1500]
    """
    told = np.asarray(flags, np.uint64)
    pages: NDArray[np.uint64] = np.append(told, np.full(-len(told) % TOP_PAGES, _NO_PAGE))
    clean = (pages & (_ON_LRU | _KEPT)) == _ON_LRU
    active = (pages & _ACTIVE).astype(bool)
    whole = np.repeat((clean & ~active).reshape(-1, TOP_PAGES).all(axis=1), TOP_PAGES)
    pfns = np.flatnonzero(clean)
    return pfns[np.lexsort((pfns, whole[pfns], active[pfns]))].astype(np.uint32)


def reclaim(guest: Guest, cache: Pfns, pages: int) -> Pfns:
    """Free at least so many pages of the cache, its first ones; return what is left of it.

    Examples
    --------
    >>> guest = Guest.idle("4MiB")
    >>> cache = guest.take(100)
    >>> free = guest.buddy.free_pages(0)
    >>> len(reclaim(guest, cache, 40)), guest.buddy.free_pages(0) - free
    (36, 64)
    """
    n = min(-(-pages // _CLUSTER_PAGES) * _CLUSTER_PAGES, len(cache))
    guest.buddy.give_back(cache[:n])
    return cache[n:]
