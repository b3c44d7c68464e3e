"""What the parts of a machine report while they work, to whoever listens.

Allocator, per-CPU lists, driver, queues and device each tell what they *just did*, in the sequence
in which they did it; nobody has to enact the run a second time to show it. A `Listener` is optional
and without one nothing is made or told. With one, work on many items goes piece by piece, `grain`
items each, so that a step can be as small as one page or as large as a thousand.

PFNs are the guest's own page numbers, host pages and balloon pages are 4 KiB. `balloonkit.trace`
words these events; it decides nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Acked",
    "Began",
    "ChunksJoined",
    "ChunksOpened",
    "Drained",
    "Event",
    "Freed",
    "GivenBack",
    "HandedOut",
    "Listener",
    "Marked",
    "Merged",
    "OutOfPuff",
    "Popped",
    "Refilled",
    "Refused",
    "Released",
    "Reset",
    "Returned",
    "RoundLaid",
    "RunsFound",
    "Sent",
    "Split",
    "Stocked",
    "Took",
    "Touched",
    "Translated",
    "Waiting",
    "Written",
    "pieces",
]

_Pages = NDArray[np.uint32]
_Numbers = NDArray[np.int64]


# The guest's allocator


class Split(NamedTuple):
    """Blocks of one order were cut; upper parts, (order, PFN) each, went to the heads of lists.

    One block at a time loses one upper half; it was on its list only if `listed`, else it is the
    low half of the split before.
    """

    zone: int
    order: int
    pfns: _Pages
    uppers: tuple[tuple[int, int], ...]
    listed: bool


class Took(NamedTuple):
    """Blocks of `order` were handed out, off the head of their list or as what a split left."""

    zone: int
    order: int
    pfns: _Pages
    listed: bool


class Merged(NamedTuple):
    """Free blocks left their list: each is now half of a larger block, with its buddy."""

    zone: int
    order: int
    pfns: _Pages


class Freed(NamedTuple):
    """Blocks joined the head of their list, in this sequence, or its tail."""

    zone: int
    order: int
    heads: _Pages
    tails: _Pages


# The per-CPU lists


class Refilled(NamedTuple):
    """Pages just taken from the free lists joined the end of the per-CPU stock."""

    zone: int
    pfns: _Pages


class HandedOut(NamedTuple):
    """Pages left the head of the per-CPU stock for whoever asked."""

    zone: int
    pfns: _Pages


class Stocked(NamedTuple):
    """Freed pages joined the head of the per-CPU stock, one after the other."""

    zone: int
    pfns: _Pages


class Drained(NamedTuple):
    """The oldest pages of the stock leave it, in this sequence, for the free lists."""

    zone: int
    pfns: _Pages


# The driver and the format it packs in


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


# The virtqueue, driver's side and device's side


class Sent(NamedTuple):
    """A message is in the ring; `avail` and `used` are the rings' idx fields, and kicked if so."""

    queue: int
    data: bytes
    head: int
    avail: int
    used: int
    kicked: bool


class Popped(NamedTuple):
    """The device took a chain off the available ring."""

    queue: int
    head: int


class Returned(NamedTuple):
    """The device put the chain on the used ring, whose idx is now `used`."""

    queue: int
    head: int
    used: int


class Acked(NamedTuple):
    """The driver has its buffer back; `used` is the used ring's idx it has seen."""

    queue: int
    head: int
    used: int


# The device


class Refused(NamedTuple):
    """Entries, or with `entry` None a whole message, were not done as asked.

    `rejections` are those of `balloonkit.host`: reason, entry, detail.
    """

    rejections: tuple[Any, ...]


class Translated(NamedTuple):
    """Balloon pages were looked up: first page, pages, first host page of each piece."""

    pfns: _Numbers
    pages: _Numbers
    host_pages: _Numbers
    look_ups: int


class Released(NamedTuple):
    """The host gave these ranges of host pages up, in `calls` calls."""

    starts: _Numbers
    counts: _Numbers
    calls: int


class Waiting(NamedTuple):
    """Ballooned host pages whose larger host page is not ballooned whole: nothing to release."""

    starts: _Numbers
    counts: _Numbers


class GivenBack(NamedTuple):
    """The guest owns these host pages again; memory comes back when it touches them."""

    starts: _Numbers
    counts: _Numbers


class Touched(NamedTuple):
    """The guest wrote to these host pages: memory is behind them again."""

    starts: _Numbers
    counts: _Numbers


class Reset(NamedTuple):
    """The device was reset: it knows of no balloon, and the rings begin anew."""


#: Whatever is told.
Event = (
    Split
    | Took
    | Merged
    | Freed
    | Refilled
    | HandedOut
    | Stocked
    | Drained
    | Began
    | OutOfPuff
    | RoundLaid
    | Marked
    | RunsFound
    | ChunksOpened
    | ChunksJoined
    | Written
    | Sent
    | Popped
    | Returned
    | Acked
    | Refused
    | Translated
    | Released
    | Waiting
    | GivenBack
    | Touched
    | Reset
)


class Listener(Protocol):
    """Whoever wants to know."""

    def grain(self, items: int) -> int:
        """Say how many of `items` to work on at a time, at least 1."""

    def tell(self, event: Event) -> None:
        """Take note of what was just done."""


def pieces(items: int, listener: Listener | None) -> Sequence[slice]:
    """Cut work on `items` things into slices as the listener wants them; without one, a whole.

    Examples
    --------
    >>> pieces(5, None), pieces(0, None)
    ((slice(0, 5, None),), ())
    """
    if not items:
        return ()
    if listener is None:
        return (slice(0, items),)
    step = listener.grain(items)
    return [slice(start, min(start + step, items)) for start in range(0, items, step)]
