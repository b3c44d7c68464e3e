"""Where a guest's RAM sits in its physical address space: the hole below 4 GiB.

PCI devices need addresses a 32-bit driver can reach, so a PC cuts the top off the memory below
4 GiB and continues it at 4 GiB. Guest and host must agree on where: QEMU's q35 machine, which all
shipped captures come from, keeps all RAM low up to 2.75 GiB and otherwise leaves exactly 2 GiB
below the hole (QEMU ``hw/i386/pc_q35.c``, ``pc_q35_init``).
"""

from typing import NamedTuple

from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["HIGH_RAM_GPA", "RamRange", "pfn_span", "ram_layout"]

#: Guest physical address at which RAM continues above the hole.
HIGH_RAM_GPA = 4 << 30
_ALL_LOW_BYTES = 0xB0000000  # q35: up to here (2.75 GiB) nothing goes above the hole
_LOW_BYTES = 2 << 30


class RamRange(NamedTuple):
    """A piece of guest RAM: guest physical address and length, both in bytes."""

    gpa: int
    size_bytes: int


def ram_layout(size_bytes: int) -> tuple[RamRange, ...]:
    """Lay `size_bytes` of RAM out as q35 does, lowest address first.

    Raises
    ------
    ValueError
        If the size is zero, negative, or not a whole number of 4 KiB pages.

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
    if size_bytes <= _ALL_LOW_BYTES:
        return (RamRange(0, size_bytes),)
    return (RamRange(0, _LOW_BYTES), RamRange(HIGH_RAM_GPA, size_bytes - _LOW_BYTES))


def pfn_span(size_bytes: int, page_bytes: int = BALLOON_PAGE_BYTES) -> int:
    """Count the page frame numbers up to the end of RAM, the hole included."""
    gpa, last_bytes = ram_layout(size_bytes)[-1]
    return (gpa + last_bytes) // page_bytes
