"""Writes a case: a driver that puts any bytes wherever it wants, right or wrong."""

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.duel.case import DriverKick, DuelCase, Write
from balloonkit.ram_layout import HIGH_RAM_GPA
from balloonkit.units import PFN_SHIFT
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import DESCRIPTOR, DESCRIPTOR_BYTES, INDEX_MASK, INDIRECT, NEXT, WRITE

__all__ = ["BUFFERS", "LOW_BYTES", "TABLES", "Script"]

#: Guest RAM of most set-ups, below and from 4 GiB.
LOW_BYTES = HIGH_BYTES = 8 << 20
#: Where messages and indirect tables are written: RAM behind the window, below the PFNs drawn.
BUFFERS, TABLES = 0x40000, 0x90000
#: PFNs that are drawn begin here: rings, buffers and tables lie below.
FIRST_PFN = 0x100
LOW_PFNS, HIGH_PFN = LOW_BYTES >> PFN_SHIFT, HIGH_RAM_GPA >> PFN_SHIFT
HIGH_PFNS = HIGH_BYTES >> PFN_SHIFT
_LAYOUTS = {int(queue): queue_layout(queue) for queue in Queue}
_FLAG_NAMES = {NEXT: "NEXT", WRITE: "WRITE", INDIRECT: "INDIRECT"}


class Script:
    """Collects one case.

    Parameters
    ----------
    family : str
    available : dict of int to int
        Each queue's avail idx as it stands; moved on as chains are offered.
    rng : numpy.random.Generator

    Examples
    --------
    >>> script = Script("one page", {0: 0}, np.random.default_rng(1))
    >>> script.send(Queue.INFLATE, [0x400])
    >>> case = script.case()
    >>> case.said
    'd0 0x40000+4; offer 0 on 0; kick 0'
    >>> [len(write.data) for write in case.kicks[0].writes]
    [4, 16, 2, 2]
    """

    def __init__(self, family: str, available: dict[int, int], rng: np.random.Generator) -> None:
        self._family = family
        self._available = available
        self.rng = rng
        self._writes: list[Write] = []
        self._kicks: list[DriverKick] = []
        self._said: list[str] = []
        self._messages = 0

    def pfns(self, n: int) -> NDArray[np.uint32]:
        """Draw `n` different PFNs of RAM, none of them where the case itself lies."""
        low = LOW_PFNS - FIRST_PFN
        drawn = self.rng.choice(low + HIGH_PFNS, n, replace=False)
        return np.where(drawn < low, drawn + FIRST_PFN, drawn - low + HIGH_PFN).astype("<u4")

    def run(self, n: int) -> NDArray[np.uint32]:
        """Draw `n` consecutive PFNs of RAM below 4 GiB."""
        first = int(self.rng.integers(FIRST_PFN, LOW_PFNS - n + 1))
        return np.arange(first, first + n, dtype="<u4")

    def put(self, gpa: int, data: bytes | ArrayLike) -> int:
        """Write bytes, or PFNs, and return how many bytes that were."""
        raw = data if isinstance(data, bytes) else np.asarray(data, "<u4").tobytes()
        self._writes.append(Write(gpa, raw))
        return len(raw)

    def descriptor(
        self,
        slot: int,
        gpa: int,
        length: int,
        flags: int = 0,
        following: int = 0,
        *,
        queue: int = Queue.INFLATE,
        table: int | None = None,
    ) -> None:
        """Write one descriptor of a queue's table, or of an indirect table at `table`."""
        base = _LAYOUTS[queue].base if table is None else table
        packed = DESCRIPTOR.pack(gpa, length, flags, following)
        self._writes.append(Write(base + slot * DESCRIPTOR_BYTES, packed))
        named = " ".join(name for bit, name in _FLAG_NAMES.items() if flags & bit)
        after = f" {following}" if flags & NEXT else ""
        where = "d" if table is None else f"{table:#x}:"
        self._said.append(f"{where}{slot} {gpa:#x}+{length} {named}{after}".rstrip())

    def chain(
        self,
        pieces: Sequence[tuple[int, int, int]],
        *,
        first: int = 0,
        queue: int = Queue.INFLATE,
        table: int | None = None,
    ) -> None:
        """Write a chain of (address, length, flags), each descriptor followed by the next."""
        for i, (gpa, length, flags) in enumerate(pieces):
            more = i < len(pieces) - 1
            self.descriptor(
                first + i,
                gpa,
                length,
                flags | (NEXT if more else 0),
                first + i + 1 if more else 0,
                queue=queue,
                table=table,
            )

    def offer(self, queue: int, heads: Iterable[int], ahead: int | None = None) -> None:
        """Write heads into the available ring and move its idx on by as many, or by `ahead`."""
        layout, at = _LAYOUTS[queue], self._available.get(queue, 0)
        listed = list(heads)
        for i, head in enumerate(listed):
            place = (at + i) % layout.size
            self._writes.append(Write(layout.avail + 4 + 2 * place, struct.pack("<H", head)))
        moved = len(listed) if ahead is None else ahead
        self._available[queue] = (at + moved) & INDEX_MASK
        idx = struct.pack("<H", self._available[queue])
        self._writes.append(Write(layout.avail + 2, idx))
        self._messages += moved
        shown = ", ".join(map(str, listed[:3])) + (f" ... {len(listed)}" if len(listed) > 3 else "")
        self._said.append(
            f"offer {shown} on {int(queue)}" if ahead is None else f"idx {moved:+d} on {int(queue)}"
        )

    def replace_last(self, queue: int, head: int) -> None:
        """Write another head over the one offered last; idx stays."""
        place = (self._available[queue] - 1) % _LAYOUTS[queue].size
        self._writes.append(Write(_LAYOUTS[queue].avail + 4 + 2 * place, struct.pack("<H", head)))
        self._said.append(f"offer {head} instead on {int(queue)}")

    def avail_flags(self, queue: int, flags: int) -> None:
        """Write the available ring's flags."""
        self._writes.append(Write(_LAYOUTS[queue].avail, struct.pack("<H", flags)))
        self._said.append(f"flags {flags} on {int(queue)}")

    def kick(self, queue: int) -> None:
        """End a group of writes: the device is notified after them."""
        self._kicks.append(DriverKick(int(queue), tuple(self._writes)))
        self._writes = []
        self._said.append(f"kick {int(queue)}")

    def send(self, queue: int, data: bytes | ArrayLike, gpa: int = BUFFERS, slot: int = 0) -> None:
        """Send one message in one buffer."""
        self.descriptor(slot, gpa, self.put(gpa, data), queue=queue)
        self.offer(queue, [slot])
        self.kick(queue)

    def case(self) -> DuelCase:
        """Return what was collected."""
        return DuelCase(self._family, tuple(self._kicks), self._messages, "; ".join(self._said))
