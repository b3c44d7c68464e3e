"""Where a guest's RAM sits in its physical address space: the hole below 4 GiB.

PCI devices need addresses a 32-bit driver can reach, so a PC cuts the top off the memory below
4 GiB and continues it at 4 GiB. Guest and host must agree on where, and machines differ; QEMU's
q35, which all shipped captures come from, leaves exactly 2 GiB below the hole. Memory plugged in
later lies above all of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = [
    "HIGH_RAM_GPA",
    "PRESETS",
    "RamRange",
    "parse_ram",
    "pfn_span",
    "ram_layout",
    "with_dimms",
]

#: Guest physical address at which RAM continues above the hole.
HIGH_RAM_GPA = 4 << 30

#: Machines by name: the most RAM that stays low as a whole, and what stays low of more than that.
#: QEMU ``hw/i386/pc_q35.c`` (2.75 GiB, 2 GiB) and ``pc_piix.c`` (3.5 GiB, 3 GiB); Firecracker and
#: Cloud Hypervisor keep their devices from 3 GiB on (``arch/src/x86_64/layout.rs`` of each).
PRESETS = {
    "q35": (0xB0000000, 2 << 30),
    "pc": (0xE0000000, 3 << 30),
    "firecracker": (3 << 30, 3 << 30),
    "cloud-hypervisor": (3 << 30, 3 << 30),
}

#: QEMU begins the memory that can be plugged in at a multiple of 1 GiB (``pc_memory_init``).
_DIMM_ALIGN_BYTES = 1 << 30


class RamRange(NamedTuple):
    """A piece of guest RAM: guest physical address and length, both in bytes."""

    gpa: int
    size_bytes: int


def ram_layout(size_bytes: int, preset: str = "q35") -> tuple[RamRange, ...]:
    """Lay `size_bytes` of RAM out as a machine of `PRESETS` does, lowest address first.

    Raises
    ------
    ValueError
        If the size is zero, negative, or not a whole number of 4 KiB pages, or no machine has
        that name.

    Examples
    --------
    >>> ram_layout(8 << 30)
    (RamRange(gpa=0, size_bytes=2147483648), RamRange(gpa=4294967296, size_bytes=6442450944))
    """
    if size_bytes <= 0 or size_bytes % BALLOON_PAGE_BYTES:
        raise ValueError(
            f"guest of {size_bytes} bytes: RAM must be a positive number of "
            f"{format_size(BALLOON_PAGE_BYTES)} pages"
        )
    if preset not in PRESETS:
        raise ValueError(f"RAM layout {preset!r}: choose one of {', '.join(PRESETS)}")
    all_low_bytes, low_bytes = PRESETS[preset]
    if size_bytes <= all_low_bytes:
        return (RamRange(0, size_bytes),)
    return (RamRange(0, low_bytes), RamRange(HIGH_RAM_GPA, size_bytes - low_bytes))


def with_dimms(ram: Sequence[RamRange], dimms_bytes: Sequence[int]) -> tuple[RamRange, ...]:
    """Plug more memory in: each module above the last, from the next multiple of 1 GiB on.

    Examples
    --------
    >>> with_dimms(ram_layout(1 << 30), [512 << 20])[1]
    RamRange(gpa=4294967296, size_bytes=536870912)
    """
    gpa, size_bytes = ram[-1]
    base_gpa = max(HIGH_RAM_GPA, -(-(gpa + size_bytes) // _DIMM_ALIGN_BYTES) * _DIMM_ALIGN_BYTES)
    ranges = list(ram)
    for dimm_bytes in dimms_bytes:
        if dimm_bytes <= 0 or dimm_bytes % BALLOON_PAGE_BYTES:
            raise ValueError(f"DIMM of {dimm_bytes} bytes: give a positive number of whole pages")
        ranges.append(RamRange(base_gpa, dimm_bytes))
        base_gpa += dimm_bytes
    return tuple(ranges)


def parse_ram(text: str, size_bytes: int) -> tuple[RamRange, ...]:
    """Return the layout a person writes down, for a guest of `size_bytes`.

    Parameters
    ----------
    text : str
        A machine of `PRESETS`; the same with memory plugged in on top of `size_bytes`, like
        ``q35+1GiB+512MiB``; or ranges of guest physical address and length that make up
        `size_bytes`, like ``0:2GiB,4GiB:6GiB``.

    Raises
    ------
    ValueError
        If it is none of these; shows the part that is wrong.

    Examples
    --------
    >>> parse_ram("pc+1GiB", 2 << 30)[1]
    RamRange(gpa=4294967296, size_bytes=1073741824)
    >>> parse_ram("0:1GiB,4GiB:1GiB", 2 << 30)[1]
    RamRange(gpa=4294967296, size_bytes=1073741824)
    """
    preset, *dimms = text.split("+")
    if ":" not in text:
        return with_dimms(ram_layout(size_bytes, preset), [parse_size(dimm) for dimm in dimms])
    ranges: list[RamRange] = []
    for part in text.split(","):
        start, colon, size = part.partition(":")
        if not colon:
            raise ValueError(f"RAM range {part!r}: give START:SIZE, like 4GiB:6GiB")
        ranges.append(RamRange(parse_size(start), parse_size(size)))
        gpa, part_bytes = ranges[-1]
        if gpa % BALLOON_PAGE_BYTES or part_bytes % BALLOON_PAGE_BYTES or not part_bytes:
            raise ValueError(f"RAM range {part!r}: not whole pages of 4 KiB, and at least one")
        if len(ranges) > 1 and gpa < sum(ranges[-2]):
            raise ValueError(f"RAM range {part!r}: begins before the one left of it ends")
    total_bytes = sum(part_bytes for _, part_bytes in ranges)
    if total_bytes != size_bytes:
        raise ValueError(
            f"RAM {text}: {format_size(total_bytes)} in all, and the guest has "
            f"{format_size(size_bytes)}"
        )
    return tuple(ranges)


def pfn_span(size_bytes: int, page_bytes: int = BALLOON_PAGE_BYTES) -> int:
    """Count the page frame numbers up to the end of RAM, the hole included."""
    gpa, last_bytes = ram_layout(size_bytes)[-1]
    return (gpa + last_bytes) // page_bytes
