"""The sequence of a live guest's free lists, read by the host from the guest's own memory.

No file in ``/proc`` tells it, but every free block is linked into its list by the ``struct page``
of its first page, so the array of those (``vmemmap``) holds all lists. The kernel itself tells its
layout (`balloonkit.live.page_layout`). Which list a chain belongs to is told by where its head
lies: ``free_list`` (``struct free_area``) and ``lists`` (``struct per_cpu_pages``) are arrays by
migrate type, each preceded by a number, and a number is no kernel address.

Caveat: a kernel with another layout gives lists that do not match its ``/proc/buddyinfo``; then
nothing is returned, rather than something wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import parse_buddyinfo
from balloonkit.guest.page_states import KPF_NOPAGE, flag_mask
from balloonkit.live.memory import GuestMemory
from balloonkit.live.page_layout import PageLayout, ReadKernel

__all__ = ["FreeLists", "read_free_lists"]

_WORD_BYTES = 8
_SECTION_PAGES = 1 << 15  # vmemmap exists by sections of 128 MiB
_NO_PAGE = flag_mask(KPF_NOPAGE)
_KERNEL_HALF = 0xFF00 << 48
_MOVABLE = 1  # MIGRATE_MOVABLE: the second list of either array
_MAX_ORDER = 10


@dataclass(frozen=True)
class FreeLists:
    """What the guest's kernel holds for movable allocations, in the sequence it is handed out.

    Attributes
    ----------
    blocks : array of uint32, shape (blocks, 2)
        First PFN and order of each free block on a movable list, each list head first.
    percpu_pfns : array of uint32, shape (pages,)
        Single pages on the movable per-CPU list of each zone, head first.
    """

    blocks: NDArray[np.uint32]
    percpu_pfns: NDArray[np.uint32]


def read_free_lists(read: ReadKernel, layout: PageLayout, memory: GuestMemory) -> FreeLists | None:
    """Follow the links of a guest's free lists; the guest must be at rest.

    Parameters
    ----------
    read : callable
        Reads (address, bytes) of the guest kernel's virtual memory.
    layout : PageLayout
    memory : GuestMemory
        A reading just before.

    Returns
    -------
    lists : FreeLists or None
        None if what was found does not add up to the guest's ``/proc/buddyinfo``.
    """
    pages = _struct_pages(read, layout, memory.flags)
    is_block = _half_words(pages, layout.type_) == layout.buddy_type
    unused = is_block | (_half_words(pages, layout.count) == 0)  # no reference is held
    blocks, percpu_pfns, counts = [], [], [0] * (_MAX_ORDER + 1)
    for head, chain in _chains(pages, unused, layout):
        movable = _place_in_array(read, head) == _MOVABLE
        if not is_block[chain[0]]:
            percpu_pfns += chain if movable else []
            continue
        order = int(pages[chain[0], layout.private // _WORD_BYTES])
        if order > _MAX_ORDER:
            return None
        counts[order] += len(chain)
        blocks += [(pfn, order) for pfn in chain] if movable else []
    if counts != _blocks_by_order(memory.buddyinfo):
        return None
    return FreeLists(np.array(blocks, np.uint32).reshape(-1, 2), np.array(percpu_pfns, np.uint32))


def _struct_pages(
    read: ReadKernel, layout: PageLayout, flags: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Read the struct pages as words, shape (PFNs, words); 0 where there is no memory."""
    pages = np.zeros((len(flags), layout.size_bytes // _WORD_BYTES), np.uint64)
    for start in range(0, len(flags), _SECTION_PAGES):
        section = slice(start, min(start + _SECTION_PAGES, len(flags)))
        if not (flags[section] & _NO_PAGE).all():
            size_bytes = (section.stop - start) * layout.size_bytes
            data = read(layout.vmemmap + start * layout.size_bytes, size_bytes)
            pages[section] = np.frombuffer(data, np.uint64).reshape(-1, pages.shape[1])
    return pages


def _half_words(pages: NDArray[np.uint64], offset_bytes: int) -> NDArray[np.uint64]:
    """Return a field of 32 bits of every struct page, shape (PFNs,)."""
    shift = np.uint64(8 * (offset_bytes % _WORD_BYTES))
    words: NDArray[np.uint64] = pages[:, offset_bytes // _WORD_BYTES] >> shift
    return words & np.uint64(0xFFFFFFFF)


def _chains(
    pages: NDArray[np.uint64], unused: NDArray[np.bool_], layout: PageLayout
) -> Iterator[tuple[int, list[int]]]:
    """Yield the address of each list's head and the PFNs on it, head first."""
    next_word = layout.link // _WORD_BYTES
    after, before = pages[:, next_word].tolist(), pages[:, next_word + 1].tolist()
    first_link, step = layout.vmemmap + layout.link, layout.size_bytes
    end_link = first_link + step * len(pages)
    for start in np.flatnonzero(unused).tolist():
        head = before[start]
        if head < _KERNEL_HALF or first_link <= head < end_link:
            continue
        chain = [start]
        while first_link <= (link := after[chain[-1]]) < end_link:
            pfn = (link - first_link) // step
            if before[pfn] != first_link + step * chain[-1]:
                break  # not a list: the words of this page mean something else
            chain.append(pfn)
        if link == head:
            yield head, chain


def _place_in_array(read: ReadKernel, head: int) -> int:
    """Count the list heads, two addresses each, that lie right before this one."""
    place = 0
    while place <= _MOVABLE:
        words = np.frombuffer(read(head - 16 * (place + 1), 16), np.uint64)
        if (words < _KERNEL_HALF).any():
            break
        place += 1
    return place


def _blocks_by_order(buddyinfo: str) -> list[int]:
    return [sum(column) for column in zip(*parse_buddyinfo(buddyinfo).values(), strict=True)]
