"""A running guest's allocator, rebuilt from one reading of ``/proc/kpageflags``.

The flags say *which* pages are free; what leaves first also depends on what no flag shows: the
sequence of the free lists, the pages on per-CPU lists, and which free pages only the kernel may
use. Each follows from how Linux 6.1 came to this state; `KernelRules` says what newer ones change:

* **Pageblocks.** Balloon pages are movable and come from movable pageblocks. Slabs, page tables
  and other kernel blocks claim whole pageblocks, two at a time when cut from a block of order 10
  (``steal_suitable_fallback``), which one with a page of the firmware never was; free pages between
  them do not leave, but watermarks count them. Whole free blocks may be the kernel's too: how many,
  ``/proc/pagetypeinfo`` tells, and it took them lowest first.
* **Per-CPU lists.** A page without any flag in a movable pageblock is on such a list, save in runs
  that were allocated in one piece.
* **Free lists.** Memory no process ever used is as boot left it, lowest first. The rest was freed
  since, so its frees are *replayed*: processes let go of memory from low to high addresses. Since
  Linux 6.9 that is all; before, in pieces, each from its last page to its first (``release_pages``
  puts pages on the *head* of its batch). Head or tail: `BuddyAllocator.give_back`'s own rule.
* **The reader.** The process that read the flags ends before the balloon is filled, and what it
  gives back leaves first.

Caveats: physical order stands for the order of the frees, true of a process that touched its
memory in sequence; after frees in random order a list's sequence cannot be known, only what is in
it. Where one piece ended and the next began is not visible, so pieces are as long as what is still
in use. Not modelled: movable pages taken from kernel pageblocks when nothing else is left.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.guest.blocks import TOP_PAGES, Pfns
from balloonkit.guest.guest import Guest
from balloonkit.guest.kernel_rules import LINUX_6_1, KernelRules
from balloonkit.guest.list_order import ListOrder
from balloonkit.guest.migrate_types import pageblocks_of
from balloonkit.guest.page_states import (
    KPF_ANON,
    KPF_BUDDY,
    KPF_COMPOUND_HEAD,
    KPF_COMPOUND_TAIL,
    KPF_HUGE,
    KPF_LRU,
    KPF_MAPPEDTODISK,
    KPF_NOPAGE,
    KPF_PGTABLE,
    KPF_RESERVED,
    KPF_SLAB,
    KPF_THP,
    flag_mask,
)
from balloonkit.guest.zones import PAGEBLOCK_PAGES, Zone

__all__ = ["guest_from_flags", "movable_mask", "pageblocks_by_flags"]

_FREE, _NO_PAGE = flag_mask(KPF_BUDDY), flag_mask(KPF_NOPAGE)
_LRU, _ANON = flag_mask(KPF_LRU), flag_mask(KPF_ANON)
_USER, _KERNEL = _LRU | _ANON, flag_mask(KPF_SLAB, KPF_PGTABLE)
_COMPOUND = flag_mask(KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL)
_HUGE = flag_mask(KPF_HUGE, KPF_THP)
_EXCLUSIVE, _FIRMWARE = flag_mask(KPF_MAPPEDTODISK), flag_mask(KPF_RESERVED)

# The smallest kernel allocation told from per-CPU pages by shape alone: each zone's DMA pool,
# 128 KiB per GiB of RAM (kernel/dma/pool.c).
_POOL_PAGES = 32


def guest_from_flags(
    name: str,
    size_bytes: int,
    flags: ArrayLike,
    zones: tuple[Zone, ...],
    rules: KernelRules = LINUX_6_1,
    movable_tops: Mapping[str, int] | None = None,
) -> Guest:
    """Rebuild a guest of 4 KiB pages from its page flags, ready to give memory away.

    Parameters
    ----------
    name : str
    size_bytes : int
        RAM.
    flags : uint64, shape (PFNs,)
        ``/proc/kpageflags``.
    zones : tuple of Zone
        Lowest first, with the watermarks of the running kernel; see `zones_from_zoneinfo`.
    rules : KernelRules
        Of the guest's kernel.
    movable_tops : mapping of zone label to int, optional
        Free blocks of order 10 on each zone's movable list, as ``/proc/pagetypeinfo`` counts them.

    Examples
    --------
    >>> from balloonkit.captures import load_capture
    >>> from balloonkit.captures.zones import zones_from_zoneinfo
    >>> capture = load_capture("aged-1g")
    >>> flags = capture.flags("before")
    >>> zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(flags))
    >>> guest = guest_from_flags("aged-1g", capture.guest_bytes, flags, zones)
    >>> len(guest.percpu.stock(1))  # in DMA32: real pages no flag shows
    11611
    """
    pages = np.asarray(flags, np.uint64)
    span = len(pages)
    pages = np.append(pages, np.full(-span % TOP_PAGES, _NO_PAGE))
    free, movable = _any(pages, _FREE), movable_mask(pages)
    for zone in zones:
        if movable_tops is not None and zone.label in movable_tops:
            _withhold_tops(free, movable, zone, movable_tops[zone.label])
    used = _in_group(_any(pages, _USER), TOP_PAGES)
    whole = ~_in_group(~free, TOP_PAGES)
    since_boot = free & movable & used & ~whole
    untouched = free & movable & ~since_boot
    withheld = free & ~movable
    zones = tuple(replace(z, withheld_pages=z.count(withheld)) for z in zones)
    guest = Guest(name, size_bytes, untouched[:span], zones, list_order=ListOrder.BOOT)
    piece_pages = _typical_run(_any(pages, _USER))
    guest.pageblocks = pageblocks_of(movable, _any(pages, _NO_PAGE))
    guest.kept_free = withheld[:span]
    guest.buddy.give_back(_as_freed(since_boot, piece_pages, rules))

    stocked = (pages == 0) & movable
    for index, zone in enumerate(zones):
        mine = zone.holds(np.arange(len(pages)))
        boot = np.flatnonzero(stocked & mine & ~used).astype(np.uint32)
        stock = np.append(boot, _as_freed(stocked & mine & used, piece_pages, rules))[::-1]
        guest.percpu.put_in_stock(index, _with_reader(pages, movable, stock, rules))
    return guest


def pageblocks_by_flags(flags: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Tell the migrate type of each pageblock, as far as page flags do; see `pageblocks_of`.

    Examples
    --------
    >>> flags = np.full(1024, 1 << KPF_LRU, np.uint64)
    >>> flags[5] = 1 << KPF_SLAB
    >>> pageblocks_by_flags(flags).tolist()
    [7, 1]
    """
    pages: NDArray[np.uint64] = np.append(flags, np.full(-len(flags) % TOP_PAGES, _NO_PAGE))
    return pageblocks_of(movable_mask(pages), _any(pages, _NO_PAGE))


def movable_mask(flags: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which pages lie in movable pageblocks, shape as `flags`: whole blocks of order 10.

    A pageblock is the kernel's when it holds a slab, a page table, a compound page that is not a
    huge page, or a flagless block allocated in one piece; so is its neighbour, the other half of
    the block of order 10, unless a process has a page there or the firmware one in either: then
    boot never made them one block.

    Examples
    --------
    >>> flags = np.full(2048, 1 << KPF_BUDDY, np.uint64)
    >>> flags[700] = 1 << KPF_SLAB  # in the second pageblock, and the first is its neighbour
    >>> movable_mask(flags).reshape(-1, 512).all(axis=1).tolist()
    [False, False, True, True]
    """
    compound = _any(flags, _COMPOUND) & ~_any(flags, _HUGE)
    own = _any(flags, _KERNEL) | compound | _flagless_pools(flags)
    kernel = _in_group(own, PAGEBLOCK_PAGES)
    user = _in_group(_any(flags, _USER), PAGEBLOCK_PAGES)
    never_one = _in_group(_any(flags, _FIRMWARE), TOP_PAGES)
    return ~kernel & (user | never_one | ~_in_group(own, TOP_PAGES))


def _withhold_tops(
    free: NDArray[np.bool_], movable: NDArray[np.bool_], zone: Zone, on_movable_list: int
) -> None:
    """Take the lowest whole free blocks off the movable memory, until as many are left as told."""
    top_pfns = np.flatnonzero((free & movable).reshape(-1, TOP_PAGES).all(axis=1)) * TOP_PAGES
    mine = top_pfns[zone.holds(top_pfns)]
    for pfn in mine[: max(len(mine) - on_movable_list, 0)]:
        movable[pfn : pfn + TOP_PAGES] = False


def _in_group(mask: NDArray[np.bool_], group_pages: int) -> NDArray[np.bool_]:
    """Tell which pages share their aligned group with a page of the mask."""
    return np.repeat(np.logical_or.reduce(mask.reshape(-1, group_pages), axis=1), group_pages)


def _any(flags: NDArray[np.uint64], bits: np.uint64) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (flags & bits).astype(np.bool_)
    return mask


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges[::2], edges[1::2]


def _flagless_pools(flags: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Find flagless memory that was allocated in one piece: per-CPU pages came one by one.

    That is a run that is exactly one aligned block, and any whole block of order 10: vmalloc has
    them since Linux 7 (code of the kernel and of BPF, per-CPU chunks).
    """
    flagless = flags == 0
    pools = ~_in_group(~flagless, TOP_PAGES)
    used = _in_group(_any(flags, _USER), TOP_PAGES)
    for start, end in zip(*_runs(flagless), strict=True):
        pages = int(end - start)
        aligned = pages & (pages - 1) == 0 and start % pages == 0
        if pages >= _POOL_PAGES and aligned and not used[start]:
            pools[start:end] = True
    return pools


def _typical_run(mask: NDArray[np.bool_]) -> int:
    starts, ends = _runs(mask)
    return max(int(np.median(ends - starts)), 1) if len(starts) else 1


def _as_freed(mask: NDArray[np.bool_], piece_pages: int, rules: KernelRules) -> Pfns:
    """Put pages in the sequence they were freed in.

    Pieces ascend, before Linux 6.9 each from its last page down.
    """
    pfns = np.flatnonzero(mask)
    if rules.frees_ascend:
        return pfns.astype(np.uint32)
    first = np.append(True, np.diff(pfns) != 1)[: len(pfns)]
    run = np.cumsum(first) - 1
    piece = (pfns - pfns[first][run]) // piece_pages
    return pfns[np.lexsort((-pfns, piece, run))].astype(np.uint32)


def _with_reader(
    flags: NDArray[np.uint64], movable: NDArray[np.bool_], stock: Pfns, rules: KernelRules
) -> Pfns:
    """Put the reader's pages back on the stock they came from, `stock` being of one zone.

    Its newest pages are told by still waiting for their place on an LRU list (``lru_add`` batch).
    Its other pages beside them leave first, then those in stock there, nearest first.
    """
    anonymous, own = _any(flags, _ANON) & movable, _any(flags, _EXCLUSIVE)
    newest = anonymous & own & ~_any(flags, _LRU)
    in_stock = np.zeros(len(flags), bool)
    in_stock[stock] = True
    beside = np.zeros(len(flags), bool)
    for start, end in zip(
        *_runs((anonymous | in_stock) & _in_group(newest, TOP_PAGES)), strict=True
    ):
        beside[start:end] = newest[start:end].any() and in_stock[start:end].any()
    next_pfns = np.flatnonzero(beside & in_stock)
    if not len(next_pfns):
        return stock
    distance = np.abs(next_pfns - np.flatnonzero(beside & newest).mean())
    next_pfns = next_pfns[np.argsort(distance)].astype(np.uint32)
    reader = np.flatnonzero(beside & anonymous & own).astype(np.uint32)
    if rules.frees_ascend:
        reader = reader[::-1]  # the page freed last is at the head
    return np.concatenate((reader, next_pfns, stock[~beside[stock]]))
