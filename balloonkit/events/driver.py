"""What the driver reports, and the format it packs pages in."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Began",
    "ChunksJoined",
    "ChunksOpened",
    "DriverEvent",
    "Marked",
    "Named",
    "OutOfPuff",
    "RoundLaid",
    "RunsFound",
    "Written",
]

_Pages = NDArray[np.uint32]
_Numbers = NDArray[np.int64]


class Began(NamedTuple):
    """The driver set out to move so many guest pages: "inflate" or "deflate"."""

    what: str
    pages: int


class OutOfPuff(NamedTuple):
    """The allocator has no page left to give; so many guest pages are missing."""

    missing_pages: int


class RoundLaid(NamedTuple):
    """Page bitmaps were laid over the PFNs from `base_pfn` on."""

    base_pfn: int
    bits: int
    bitmaps: int
    max_bitmaps: int


class Marked(NamedTuple):
    """The bits of these pages were set."""

    pfns: _Pages


class RunsFound(NamedTuple):
    """Runs of ones in one bitmap: (first PFN, pages) each, shape (n, 2)."""

    bitmap: int
    runs: _Numbers


class ChunksOpened(NamedTuple):
    """Chunks joined the message from entry `first` on: (base, size) in guest pages."""

    first: int
    chunks: _Numbers


class ChunksJoined(NamedTuple):
    """A run went on where the message's last chunk ended: the chunk grew to this."""

    entry: int
    base: int
    size: int


class Written(NamedTuple):
    """Numbers of 4 KiB balloon pages joined the message from entry `first` on."""

    first: int
    pfns: _Pages


class Named(NamedTuple):
    """A driver nobody sees inside named these runs in a message: (base, size) in guest pages.

    They are the message's entries from `first` on. What its allocator did for them is not told.
    """

    queue: int
    first: int
    chunks: _Numbers


#: Whatever this one tells.
DriverEvent = (
    Began
    | OutOfPuff
    | RoundLaid
    | Marked
    | RunsFound
    | ChunksOpened
    | ChunksJoined
    | Written
    | Named
)
