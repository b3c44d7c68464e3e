"""One exchange as data: what the driver writes where, when it kicks, and what became of it.

Nothing here knows a device. A case is bytes at guest physical addresses, so any device that can be
given memory and a kick can be asked; `balloonkit.duel.vectors` writes cases as JSON.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from balloonkit.ram_layout import HIGH_RAM_GPA, RamRange
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = [
    "DriverKick",
    "DuelCase",
    "DuelOutcome",
    "DuelSetup",
    "ReturnedBuffer",
    "Write",
    "shortened",
]

#: Heads and ranges of pages that are shown of many.
_SHOWN = 4


class Write(NamedTuple):
    """Bytes the driver writes, and where."""

    gpa: int
    data: bytes


@dataclass(frozen=True)
class DriverKick:
    """Writes, in order, and the queue that is notified after them."""

    queue: int
    writes: tuple[Write, ...]


@dataclass(frozen=True)
class DuelSetup:
    """A device and its memory, as both sides have it.

    Attributes
    ----------
    name : str
    low_bytes, high_bytes : int
        RAM from 0, and from 4 GiB.
    host_page_bytes : int
        The host's page.
    shadow_ram : bool
        Whether a BIOS has mapped RAM from 0xC0000 to 0xFFFFF.
    graphics : bool
        Whether there is a graphics card whose memory lies at `GRAPHICS_GPA`.
    """

    name: str
    low_bytes: int
    high_bytes: int = 0
    host_page_bytes: int = BALLOON_PAGE_BYTES
    shadow_ram: bool = True
    graphics: bool = False

    @property
    def regions(self) -> tuple[RamRange, ...]:
        """Guest RAM, lowest first."""
        low = RamRange(0, self.low_bytes)
        return (low, RamRange(HIGH_RAM_GPA, self.high_bytes)) if self.high_bytes else (low,)


@dataclass(frozen=True)
class DuelCase:
    """One exchange between a driver and a device that is set up and idle.

    Attributes
    ----------
    family : str
    kicks : tuple of DriverKick
    messages : int
        Chains made available.
    said : str
        The same for people: descriptors (d0 = address+length flags), what was offered, kicks.
    """

    family: str
    kicks: tuple[DriverKick, ...]
    messages: int
    said: str

    @property
    def size_bytes(self) -> int:
        """Bytes written in all: the smaller, the better an example."""
        return sum(len(write.data) for kick in self.kicks for write in kick.writes)


class ReturnedBuffer(NamedTuple):
    """An element of a used ring: queue, head, and the bytes the device says it wrote."""

    queue: int
    head: int
    written_bytes: int


@dataclass(frozen=True)
class DuelOutcome:
    """What a device made of a case.

    Attributes
    ----------
    returned : tuple of ReturnedBuffer
        What came back, by queue, in order; of more than a ring holds, the last.
    returned_count : int
        How many came back.
    released : tuple of int
        PFNs that have no memory behind them any more, ascending.
    releases : int
        Ranges handed to the kernel: more than pages if one was released twice.
    interrupts : int
        Kicks after which the driver was interrupted.
    needs_reset : bool
        Whether the device says it is broken.
    raised : str
        What the kit's device raised: nothing, or it is at fault.
    """

    returned: tuple[ReturnedBuffer, ...]
    returned_count: int
    released: tuple[int, ...]
    releases: int
    interrupts: int
    needs_reset: bool
    raised: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; released pages as [first PFN, pages] ranges."""
        return {
            "returned": [list(element) for element in self.returned],
            "returned_count": self.returned_count,
            "released": [list(part) for part in pfn_ranges(self.released)],
            "releases": self.releases,
            "interrupts": self.interrupts,
            "needs_reset": self.needs_reset,
        }

    def in_words(self) -> str:
        """Say it in one line."""
        ranges = [
            f"{first:#x}" if n == 1 else f"{first:#x}+{n}" for first, n in pfn_ranges(self.released)
        ]
        pages = ", ".join(ranges[:_SHOWN]) + (" ..." if len(ranges) > _SHOWN else "")
        calls = f" in {self.releases:,} calls" if self.releases > len(self.released) else ""
        heads = [f"{head}" for _, head, _ in self.returned[:_SHOWN]]
        came_back = ", ".join(heads) + (
            f" ... {self.returned_count}" if self.returned_count > _SHOWN else ""
        )
        parts = [f"returns {came_back}" if heads else "returns nothing"]
        parts.append(f"releases {pages}{calls}" if pages else "")
        parts.append("needs a reset" if self.needs_reset else "")
        parts.append(f"raises {self.raised}" if self.raised else "")
        return ", ".join(part for part in parts if part)


def shortened(said: str, most: int = 150) -> str:
    """Leave out the middle of what a case is in words: its beginning and its kicks tell most.

    Examples
    --------
    >>> shortened("d0 0x40000+4; d1 0x40004+4; d2 0x40008+4; offer 0 on 0; kick 0", 40)
    'd0 0x40000+4; d1 0 ... er 0 on 0; kick 0'
    """
    if len(said) <= most:
        return said
    last = (most - 5) // 2
    return f"{said[: most - 5 - last]} ... {said[-last:]}"


def pfn_ranges(pfns: tuple[int, ...]) -> list[tuple[int, int]]:
    """Join ascending PFNs to (first, pages).

    Examples
    --------
    >>> pfn_ranges((3, 4, 5, 9))
    [(3, 3), (9, 1)]
    """
    ranges: list[tuple[int, int]] = []
    for pfn in pfns:
        if ranges and sum(ranges[-1]) == pfn:
            ranges[-1] = (ranges[-1][0], ranges[-1][1] + 1)
        else:
            ranges.append((pfn, 1))
    return ranges
