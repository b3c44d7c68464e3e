"""What a competitor is, and what it says it took."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.guest import Guest

__all__ = ["HUGE_ORDER", "HUGE_PAGES_2M", "Contender", "Taken", "huge_blocks"]

#: Order of a block of 2 MiB, a pageblock of x86-64.
HUGE_ORDER = 9
#: Pages of 4 KiB in it.
HUGE_PAGES_2M = 1 << HUGE_ORDER


@dataclass(frozen=True)
class Taken:
    """What a competitor took of a guest.

    Attributes
    ----------
    starts, counts : arrays of int64, shape (releases,)
        First PFN and pages of each release, disjoint, in sequence: one call of the host each.
    units : int
        What was named: page numbers, chunks, blocks or frame states.
    messages : int
        Over a queue, each waited for.
    allocations : int
        Calls into the guest's allocator.
    translations : int
        Address look-ups in the host.
    migrated_pages : int
        In use, and moved elsewhere first.
    waited_s : float
        By design, such as a reporting pass every 2 s.
    remark : str
        What is assumed or left out.
    """

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    units: int
    messages: int
    allocations: int = 0
    translations: int = 0
    migrated_pages: int = 0
    waited_s: float = 0.0
    remark: str = ""

    @property
    def pages(self) -> int:
        """Count the pages released."""
        return int(self.counts.sum())

    @property
    def releases(self) -> int:
        """Count the calls of the host."""
        return len(self.starts)


class Contender(Protocol):
    """One way to take memory from a guest.

    Attributes
    ----------
    title : str
        What tables call it.
    source : str
        Where it is to be read about.
    unit : str
        What it names, one of the units priced in `balloonkit.field.prices`; empty where nothing
        published prices it.
    """

    @property
    def title(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def unit(self) -> str: ...

    def take(self, guest: Guest, pages: int) -> Taken:
        """Take up to so many 4 KiB pages from a guest that is its own to change."""


def huge_blocks(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first PFNs of the aligned 2 MiB whose every page is in the mask, ascending."""
    whole = len(mask) // HUGE_PAGES_2M * HUGE_PAGES_2M
    return np.flatnonzero(mask[:whole].reshape(-1, HUGE_PAGES_2M).all(axis=1)) * HUGE_PAGES_2M
