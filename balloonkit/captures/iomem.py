"""Read ``/proc/iomem``: where a machine's RAM lies in its physical address space."""

import re

import numpy as np
from numpy.typing import NDArray

from balloonkit.ram_layout import RamRange
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["host_regions", "ram_mask", "ram_ranges"]

_MIB_SHIFT = 20
_SYSTEM_RAM = re.compile(r"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM", re.MULTILINE)


def ram_ranges(iomem: str) -> tuple[RamRange, ...]:
    """Return the ranges named "System RAM", lowest first.

    Raises
    ------
    ValueError
        If there is none, or they do not ascend. Without rights the kernel shows 0 for each address.

    Examples
    --------
    >>> ram_ranges("00001000-0009ffff : System RAM\\n00100000-3fffffff : System RAM")[1]
    RamRange(gpa=1048576, size_bytes=1072693248)
    """
    ranges: list[RamRange] = []
    for first, last in _SYSTEM_RAM.findall(iomem):
        gpa, end_gpa = int(first, 16), int(last, 16) + 1
        if gpa == 0 and end_gpa == 1:
            raise ValueError("iomem hides its addresses: it was read without rights")
        if end_gpa <= gpa or (ranges and gpa < ranges[-1].gpa + ranges[-1].size_bytes):
            raise ValueError(f"iomem: System RAM at {first}-{last} does not ascend")
        if end_gpa > 1 << 52:
            raise ValueError(f"iomem: System RAM at {first}-{last} is beyond any address")
        ranges.append(RamRange(gpa, end_gpa - gpa))
    if not ranges:
        raise ValueError("iomem names no System RAM")
    return tuple(ranges)


def host_regions(ranges: tuple[RamRange, ...]) -> tuple[RamRange, ...]:
    """Return what the hypervisor backs: firmware takes bits of RAM, whole MiB were given.

    Examples
    --------
    >>> host_regions((RamRange(4096, 650240), RamRange(1 << 20, (7 << 20) - 4096)))
    (RamRange(gpa=0, size_bytes=8388608),)
    """
    regions: list[RamRange] = []
    for gpa, size_bytes in ranges:
        start_gpa = gpa >> _MIB_SHIFT << _MIB_SHIFT
        end_gpa = -(-(gpa + size_bytes) >> _MIB_SHIFT) << _MIB_SHIFT
        if regions and start_gpa <= regions[-1].gpa + regions[-1].size_bytes:
            start_gpa = regions.pop().gpa
        regions.append(RamRange(start_gpa, end_gpa - start_gpa))
    return tuple(regions)


def ram_mask(ranges: tuple[RamRange, ...], span_pfns: int) -> NDArray[np.bool_]:
    """Tell which pages lie wholly in RAM, shape (span_pfns,).

    Examples
    --------
    >>> ram_mask((RamRange(4096, 10000),), 5).tolist()
    [False, True, True, False, False]
    """
    mask = np.zeros(span_pfns, bool)
    for gpa, size_bytes in ranges:
        start = -(-gpa // BALLOON_PAGE_BYTES)
        mask[start : (gpa + size_bytes) // BALLOON_PAGE_BYTES] = True
    return mask
