"""What the parts of a machine report while they work, to whoever listens.

Allocator, per-CPU lists, driver, queues and device each tell what they *just did*, in the sequence
in which they did it; nobody has to enact the run a second time to show it. A `Listener` is optional
and without one nothing is made or told. With one, work on many items goes piece by piece, `grain`
items each, so that a step can be as small as one page or as large as a thousand.

PFNs are the guest's own page numbers, host pages and balloon pages are 4 KiB. `balloonkit.trace`
words these events; it decides nothing.
"""

from balloonkit.events.allocator import (
    Drained,
    Freed,
    HandedOut,
    Merged,
    Refilled,
    Split,
    Stocked,
    Took,
)
from balloonkit.events.device import (
    GivenBack,
    Refused,
    Released,
    Reset,
    Touched,
    Translated,
    Waiting,
)
from balloonkit.events.driver import (
    Began,
    ChunksJoined,
    ChunksOpened,
    Marked,
    Named,
    OutOfPuff,
    RoundLaid,
    RunsFound,
    Written,
)
from balloonkit.events.listener import Event, Heard, Listener, pieces
from balloonkit.events.queue import Acked, Popped, Returned, Sent

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
    "Heard",
    "Listener",
    "Marked",
    "Merged",
    "Named",
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
