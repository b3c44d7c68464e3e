"""The machine this runs on, read from its own ``/proc``: texts for all, pages with rights."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from balloonkit.captures.texts import TextReading, read_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HereReading", "MachinePages", "read_here", "read_pages"]

_PROC = Path("/proc")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") >> 10
# What anyone may read; pagetypeinfo wants rights.
_OPEN_TEXTS = ("buddyinfo", "zoneinfo")
# /proc/kpageflags is read in multiples of its 8-byte words.
_WORD_BYTES = 8
_STEP_PFNS = 1 << 20
# PFNs of 52-bit addresses end there.
_NO_END_PFN = 1 << 40


@dataclass(frozen=True)
class MachinePages:
    """Every page of this machine, and how much moved while they were read.

    Attributes
    ----------
    flags : array of uint64, shape (PFNs,)
        ``/proc/kpageflags``; NOPAGE where there is no RAM.
    buddyinfo_before, buddyinfo_after : str
        The kernel's own count right before and right after.
    iomem, zoneinfo, pagetypeinfo : str
    read_s : float
    """

    flags: "NDArray[np.uint64]"
    buddyinfo_before: str
    buddyinfo_after: str
    iomem: str
    zoneinfo: str
    pagetypeinfo: str
    read_s: float


@dataclass(frozen=True)
class HereReading:
    """What this machine tells.

    Attributes
    ----------
    reading : TextReading
    pages : MachinePages or None
        None without rights; `why_not` then says so.
    why_not : str
    rebuilt : dict of (node, zone) to list of int
        Free blocks by order, rebuilt from the pages' flags.
    rebuilt_differs_pages, changed_pages : int
        Pages in blocks the rebuilt lists have and buddyinfo had not, or the other way round; and
        the same between the two readings of buddyinfo. The first is up to the second.
    build_s : float
    """

    reading: TextReading
    pages: MachinePages | None = None
    why_not: str = ""
    rebuilt: dict[tuple[int, str], list[int]] | None = None
    rebuilt_differs_pages: int = 0
    changed_pages: int = 0
    build_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return what was read of the pages as plain data, ready for JSON."""
        if self.pages is None:
            return {"pages_read": 0, "why_not": self.why_not}
        rebuilt = self.rebuilt or {}
        return {
            "pages_read": len(self.pages.flags),
            "read_s": self.pages.read_s,
            "build_s": self.build_s,
            "rebuilt": [
                {"node": node, "zone": zone, "counts": counts}
                for (node, zone), counts in rebuilt.items()
            ],
            "rebuilt_differs_pages": self.rebuilt_differs_pages,
            "changed_while_reading_pages": self.changed_pages,
        }


def read_here(pages: bool = True, proc: Path = _PROC) -> HereReading:
    """Read this machine, with every page of it if the rights allow and `pages` is wanted.

    Raises
    ------
    OSError
        If there is no ``/proc/buddyinfo``, as on a system that is not Linux.

    Examples
    --------
    >>> read_here(pages=False).reading.recognised[0]
    'buddyinfo'
    """
    if pages:
        try:
            return _with_pages(read_pages(proc))
        except (OSError, ValueError) as error:
            why_not = f"pages not read: {error}"
    else:
        why_not = "pages not asked for"
    texts = [(proc / name).read_bytes() for name in _OPEN_TEXTS]
    try:
        texts.append((proc / "pagetypeinfo").read_bytes())
    except OSError as error:
        why_not += f"; no migrate types: {error}"
    return HereReading(read_texts(b"\n".join(texts), _PAGE_KB), why_not=why_not)


def read_pages(proc: Path = _PROC) -> MachinePages:
    """Read the flags of every page in RAM, between two readings of buddyinfo.

    Raises
    ------
    PermissionError
        Without rights.
    ValueError
        If iomem hides where RAM lies, as it does in some containers.
    MemoryError
        If so many flags do not fit into memory.
    """
    import numpy as np

    from balloonkit.captures.iomem import ram_ranges
    from balloonkit.guest.page_states import KPF_NOPAGE, flag_mask
    from balloonkit.limits import check_modelled
    from balloonkit.units import BALLOON_PAGE_BYTES

    with (proc / "kpageflags").open("rb", buffering=0) as file:
        texts = {name: (proc / name).read_text() for name in ("iomem", "zoneinfo", "pagetypeinfo")}
        ranges = ram_ranges(texts["iomem"])
        span_pfns = (ranges[-1].gpa + ranges[-1].size_bytes) // BALLOON_PAGE_BYTES
        check_modelled(4 * span_pfns * _WORD_BYTES, f"a reading of {span_pfns:,} pages")
        flags = np.full(span_pfns, flag_mask(KPF_NOPAGE), np.uint64)
        before = (proc / "buddyinfo").read_text()
        start_s = time.perf_counter()
        for gpa, size_bytes in ranges:
            first, last = gpa // BALLOON_PAGE_BYTES, (gpa + size_bytes) // BALLOON_PAGE_BYTES
            for start in range(first, last, _STEP_PFNS):
                part = flags[start : min(start + _STEP_PFNS, last)]
                file.seek(start * _WORD_BYTES)
                _fill(file, part.view(np.uint8).data)
        read_s = time.perf_counter() - start_s
        after = (proc / "buddyinfo").read_text()
    return MachinePages(flags, before, after, **texts, read_s=read_s)


def _fill(file: Any, room: memoryview) -> None:
    done = 0
    while done < len(room):
        got = file.readinto(room[done:])
        if not got:
            raise OSError(f"/proc/kpageflags ends {len(room) - done} bytes before RAM does")
        done += got


def _with_pages(pages: MachinePages) -> HereReading:
    from balloonkit.captures.zones import zones_of
    from balloonkit.guest.blocks import maximal_blocks
    from balloonkit.guest.page_states import KPF_BUDDY, flag_mask

    start_s = time.perf_counter()
    texts = (pages.buddyinfo_before, pages.zoneinfo, pages.pagetypeinfo)
    reading = read_texts("\n".join(texts), _PAGE_KB)
    blocks = maximal_blocks((pages.flags & flag_mask(KPF_BUDDY)) != 0)
    # The machine may have grown since the file that says where RAM lies was read: no span is cut.
    rebuilt = {
        (zone.node, zone.name): [int(zone.holds(first).sum()) for first in blocks]
        for zone in zones_of(reading.zones, _NO_END_PFN)
    }
    build_s = time.perf_counter() - start_s
    before, after = (
        {(zone.node, zone.name): zone.counts or [] for zone in read_texts(text).zones}
        for text in (pages.buddyinfo_before, pages.buddyinfo_after)
    )
    return HereReading(
        reading,
        pages,
        "",
        rebuilt,
        min(_differ_pages(rebuilt, before), _differ_pages(rebuilt, after)),
        _differ_pages(before, after),
        build_s,
    )


def _differ_pages(
    one: dict[tuple[int, str], list[int]], other: dict[tuple[int, str], list[int]]
) -> int:
    """Count the pages in blocks that only one of two counts has."""
    return sum(
        abs(a - b) << order
        for key in one.keys() & other.keys()
        for order, (a, b) in enumerate(zip(one[key], other[key], strict=False))
    )
