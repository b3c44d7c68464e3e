"""What a page can be: this kit's states, and the bits of ``/proc/kpageflags`` that tell, once each.

Numbers are bit positions in the u64 of a page: up to 26 they are those of Linux
``include/uapi/linux/kernel-page-flags.h``, from 32 on of ``include/linux/kernel-page-flags.h``.

Examples
--------
>>> flags = np.array([1 << KPF_BUDDY, 1 << KPF_LRU | 1 << KPF_ANON, 0], np.uint64)
>>> (flags & flag_mask(KPF_LRU, KPF_BUDDY) != 0).tolist()
[True, True, False]
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "KPF_ACTIVE",
    "KPF_ANON",
    "KPF_BUDDY",
    "KPF_COMPOUND_HEAD",
    "KPF_COMPOUND_TAIL",
    "KPF_DIRTY",
    "KPF_HUGE",
    "KPF_LOCKED",
    "KPF_LRU",
    "KPF_MAPPEDTODISK",
    "KPF_MMAP",
    "KPF_NOPAGE",
    "KPF_OFFLINE",
    "KPF_PGTABLE",
    "KPF_RESERVED",
    "KPF_SLAB",
    "KPF_SWAPBACKED",
    "KPF_THP",
    "KPF_UNEVICTABLE",
    "KPF_WRITEBACK",
    "PAGE_STATES",
    "flag_mask",
    "pages_by_flags",
]

#: Numbers that stand for a guest page's state; a page in the per-CPU stock is free.
PAGE_STATES = {"hole": 0, "in use": 1, "free": 2, "in balloon": 3}

#: In use by input or output at this moment.
KPF_LOCKED = 0
#: To be written back before it can be given up, and being written.
KPF_DIRTY, KPF_WRITEBACK = 4, 8
#: On a list of pages that may be reclaimed: page cache and the memory of processes; and on the list
#: of those used more than once.
KPF_LRU, KPF_ACTIVE = 5, 6
#: Holds small objects of the kernel.
KPF_SLAB = 7
#: In a free block; set on *every* page of it.
KPF_BUDDY = 10
#: In the page tables of a process.
KPF_MMAP = 11
#: Memory of a process that no file stands behind.
KPF_ANON = 12
#: Only swap could take its contents: anonymous memory and tmpfs.
KPF_SWAPBACKED = 14
#: First page of a block that was allocated as one, and the others.
KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL = 15, 16
#: Of hugetlbfs, or of a transparent huge page.
KPF_HUGE, KPF_THP = 17, 22
#: Never reclaimed: locked in memory, or of a file system without a disk.
KPF_UNEVICTABLE = 18
#: There is no page at this address.
KPF_NOPAGE = 20
#: Logically offline: inside a balloon (since Linux 5.1; virtio-mem and Xen set it too).
KPF_OFFLINE = 23
#: Holds page tables.
KPF_PGTABLE = 26
#: Of the firmware or the boot code: never free.
KPF_RESERVED = 32
#: PG_mappedtodisk; on an anonymous page PG_anon_exclusive: one process maps it.
KPF_MAPPEDTODISK = 34


def flag_mask(*bits: int) -> np.uint64:
    """Return a word with these bits set.

    Examples
    --------
    >>> int(flag_mask(KPF_LRU)), int(flag_mask(0, 1))
    (32, 3)
    """
    return np.uint64(sum(1 << bit for bit in set(bits)))


def pages_by_flags(flagged: Callable[[int], NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Return numbers of `PAGE_STATES` by PFN; `flagged` tells which pages have a bit set.

    Examples
    --------
    >>> flags = np.array([1 << KPF_NOPAGE, 1 << KPF_BUDDY, 1 << KPF_OFFLINE, 0])
    >>> pages_by_flags(lambda bit: flags >> bit & 1 == 1).tolist()
    [0, 2, 3, 1]
    """
    hole = flagged(KPF_NOPAGE)
    states = np.full(len(hole), PAGE_STATES["in use"], np.uint8)
    states[hole] = PAGE_STATES["hole"]
    states[flagged(KPF_BUDDY)] = PAGE_STATES["free"]
    states[flagged(KPF_OFFLINE)] = PAGE_STATES["in balloon"]
    return states
