"""A guest's memory: how much RAM, which pages the kernel uses, and the way to the free ones.

Three kinds of guest: idle (freshly booted), aged (a seeded model, with one knob from idle to a
checkerboard), and a real one from its page flags. The two models are simplifications and say so;
a capture is the real thing, down to its watermarks.
"""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import Listener
from balloonkit.guest.blocks import MAX_ORDER, Pfns
from balloonkit.guest.buddy import BuddyAllocator
from balloonkit.guest.list_order import ListOrder
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.guest.percpu import PerCpuLists
from balloonkit.guest.zones import Zone, with_watermarks, x86_zones
from balloonkit.limits import check_modelled
from balloonkit.ram_layout import RamRange, ram_layout
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = ["Guest", "Kernel"]

_PAGE_SIZES = (4096, 16384, 65536)
# Bytes a page of the guest takes while a model of it is built, measured: a mask and its copy, and
# for an aged guest random numbers and lists of small blocks.
_IDLE_MODEL_BYTES, _AGED_MODEL_BYTES = 6, 16
# PFNs are kept in 32 bits.
_MAX_PFNS = 1 << 32


class Kernel(Enum):
    """Which kernel the guest runs: it decides the boot order of its lists and the wire order."""

    LINUX_2017 = "2017"
    LINUX_6_1 = "6.1"


class Guest:
    """The memory of one guest.

    Parameters
    ----------
    name : str
        What to call it in tables.
    size_bytes : int
        RAM.
    free : bool, shape (PFNs,)
        Which guest pages are free; index is the guest's PFN.
    zones : tuple of Zone
        Lowest first.
    kernel : Kernel
    page_bytes : int
        The guest's page size: 4, 16 or 64 KiB.
    list_order : ListOrder
        Sequence of the free lists.
    ram : sequence of RamRange, optional
        Where its RAM lies; by default as on QEMU's q35.

    Attributes
    ----------
    buddy : BuddyAllocator
    percpu : PerCpuLists
    pageblocks : array of uint8, shape (pageblocks,), or None
        Each pageblock's migrate type, a number of `balloonkit.guest.migrate_types.MIGRATE_TYPES`;
        None in a modelled guest, where all are movable.
    kept_free : bool, shape (PFNs,), or None
        Free pages that are not for a balloon and in no list of `buddy`, where that is known.

    Examples
    --------
    >>> guest = Guest.idle("64MiB")
    >>> pages = guest.take(256)
    >>> len(pages), bool(guest.buddy.free_mask[pages].any())
    (256, False)
    """

    def __init__(
        self,
        name: str,
        size_bytes: int,
        free: NDArray[np.bool_],
        zones: tuple[Zone, ...],
        kernel: Kernel = Kernel.LINUX_6_1,
        page_bytes: int = BALLOON_PAGE_BYTES,
        list_order: ListOrder = ListOrder.RUNNING,
        ram: Sequence[RamRange] | None = None,
    ) -> None:
        if page_bytes not in _PAGE_SIZES:
            raise ValueError(f"guest page of {page_bytes} bytes: choose one of {_PAGE_SIZES}")
        self.name = name
        self.size_bytes = size_bytes
        self.ram = ram_layout(size_bytes) if ram is None else tuple(ram)
        self.kernel = kernel
        self.page_bytes = page_bytes
        self.pageblocks: NDArray[np.uint8] | None = None
        self.kept_free: NDArray[np.bool_] | None = None
        self.buddy = BuddyAllocator.from_free_mask(free, zones, list_order)
        self.percpu = PerCpuLists(self.buddy)

    @classmethod
    def idle(
        cls,
        size: str | int,
        kernel: Kernel = Kernel.LINUX_6_1,
        page_bytes: int = BALLOON_PAGE_BYTES,
        ram: Sequence[RamRange] | None = None,
    ) -> "Guest":
        """Model a freshly booted guest of any size, laid out as q35 does or as `ram` says.

        The kernel holds the first page, its image at a quarter of the lowest RAM range, and the
        page descriptors (64 bytes for each page of RAM) at the end of the highest one. A real
        idle guest has some thirty more small allocations.
        """
        ram = _ram(size, ram)
        free = _idle_mask(ram, page_bytes, _IDLE_MODEL_BYTES)
        return cls._modelled("idle", ram, free, kernel, page_bytes, boot=True)

    @classmethod
    def aged(
        cls,
        size: str | int,
        fragmentation: float = 0.1,
        seed: int = 0,
        kernel: Kernel = Kernel.LINUX_6_1,
        page_bytes: int = BALLOON_PAGE_BYTES,
        ram: Sequence[RamRange] | None = None,
    ) -> "Guest":
        """Model a guest whose memory has been used for a while; `ram` as in `idle`.

        Of every two pages the odd one is in use with probability `fragmentation`: 0 is idle, 1 is
        a checkerboard where no two free pages touch. Between them free runs have a geometric
        length, 2 / fragmentation pages on average.

        Raises
        ------
        ValueError
            If `fragmentation` is not between 0 and 1.
        """
        if not 0 <= fragmentation <= 1:
            raise ValueError(f"fragmentation {fragmentation}: give a share between 0 and 1")
        ram = _ram(size, ram)
        free = _idle_mask(ram, page_bytes, _AGED_MODEL_BYTES)
        odd = free[1::2]
        odd &= np.random.default_rng(seed).random(len(odd), np.float32) >= fragmentation
        return cls._modelled(f"aged {fragmentation:g}", ram, free, kernel, page_bytes, boot=False)

    @classmethod
    def _modelled(
        cls,
        state: str,
        ram: tuple[RamRange, ...],
        free: NDArray[np.bool_],
        kernel: Kernel,
        page_bytes: int,
        boot: bool,
    ) -> "Guest":
        size_bytes = sum(size_bytes for _, size_bytes in ram)
        zones = x86_zones(len(free), page_bytes)
        managed = np.array([z.count(free) for z in zones])
        booted = ListOrder.BOOT_2017 if kernel is Kernel.LINUX_2017 else ListOrder.BOOT
        return cls(
            f"{format_size(size_bytes)} {state}",
            size_bytes,
            free,
            with_watermarks(zones, managed),
            kernel,
            page_bytes,
            booted if boot else ListOrder.RUNNING,
            ram,
        )

    def copy(self) -> "Guest":
        """Return a guest in the same state, unheard; the two go on independently."""
        twin = object.__new__(Guest)
        twin.__dict__.update(self.__dict__)
        twin.buddy = self.buddy.copy()
        twin.percpu = self.percpu.copy(twin.buddy)
        return twin

    def page_states(self) -> NDArray[np.uint8]:
        """Return the state of every page as a number of `PAGE_STATES`, as if no balloon took any.

        Pages in the per-CPU stock are free, and so are those no balloon may have (`kept_free`).

        Returns
        -------
        states : uint8, shape (PFNs,)

        Examples
        --------
        >>> np.bincount(Guest.idle("64MiB").page_states()).tolist()
        [0, 513, 15871]
        """
        states = np.full(len(self.buddy.free_mask), PAGE_STATES["hole"], np.uint8)
        for gpa, size_bytes in self.ram:
            first_pfn, pages = gpa // self.page_bytes, size_bytes // self.page_bytes
            states[first_pfn : first_pfn + pages] = PAGE_STATES["in use"]
        states[self.buddy.free_mask] = PAGE_STATES["free"]
        for zone in range(len(self.buddy.zones)):
            states[self.percpu.stock(zone)] = PAGE_STATES["free"]
        if self.kept_free is not None:
            states[self.kept_free] = PAGE_STATES["free"]
        return states

    def listen(self, listener: Listener | None) -> None:
        """Let the allocator and the per-CPU lists tell `listener` what they do, or nobody."""
        self.buddy.listener = self.percpu.listener = listener

    def take(self, n: int) -> Pfns:
        """Allocate up to `n` single pages through the per-CPU lists, in allocation order."""
        return self.percpu.take(n)

    def take_blocks(self, n: int) -> list[tuple[int, Pfns]]:
        """Allocate up to `n` pages a block at a time: the largest order that fits, then smaller.

        Returns
        -------
        blocks : list of (order, array of uint32, shape (blocks,))
            First pages of the blocks, in allocation order.
        """
        taken = []
        for order in range(MAX_ORDER, -1, -1):
            if n >> order:
                pfns = self.buddy.take(n >> order, order)
                taken.append((order, pfns))
                n -= len(pfns) << order
        return taken

    def give_back(self, pfns: ArrayLike) -> None:
        """Free single pages in the given sequence, through the per-CPU lists."""
        self.percpu.give_back(pfns)


def _ram(size: str | int, ram: Sequence[RamRange] | None) -> tuple[RamRange, ...]:
    size_bytes = parse_size(size)
    if ram is None:
        return ram_layout(size_bytes)
    if sum(part_bytes for _, part_bytes in ram) != size_bytes:
        raise ValueError(f"RAM {tuple(ram)}: not {format_size(size_bytes)} in all")
    return tuple(ram)


def _idle_mask(ram: tuple[RamRange, ...], page_bytes: int, model_bytes: int) -> NDArray[np.bool_]:
    size_bytes = sum(part_bytes for _, part_bytes in ram)
    if size_bytes % page_bytes or any(gpa % page_bytes for gpa, _ in ram):
        raise ValueError(f"guest of {size_bytes} bytes: not whole pages of {page_bytes} bytes")
    span_pfns = (ram[-1].gpa + ram[-1].size_bytes) // page_bytes
    if span_pfns > _MAX_PFNS:
        raise ValueError(
            f"guest of {format_size(size_bytes)}: the model holds 32-bit PFNs, which end at "
            f"{format_size(_MAX_PFNS * page_bytes)} with pages of {format_size(page_bytes)}"
        )
    check_modelled(span_pfns * model_bytes, f"a guest of {format_size(size_bytes)}", size_bytes)
    free = np.zeros(span_pfns, bool)
    ranges = [(gpa // page_bytes, size // page_bytes) for gpa, size in ram]
    for start, pages in ranges:
        free[start : start + pages] = True
    total = size_bytes // page_bytes
    image = ranges[0][1] // 4
    free[image : image + total // 64] = False
    free[len(free) - total * 64 // page_bytes :] = False
    free[0] = False
    return free
