"""The statistics queue: one buffer, held by the device until it wants new figures."""

import struct

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import BUFFERS, Script
from balloonkit.wire.queue import Queue

STATS = Families("statistics")
_STATS = Queue.STATS
_HELD = "The device pops the buffer (retaining it to initiate a subsequent request)"
_ONE = (
    "The driver MUST make at most one buffer available to the device in the statsq, at all times."
)


def _entries(s: Script, n: int) -> bytes:
    return b"".join(struct.pack("<HQ", tag, int(s.rng.integers(1 << 40))) for tag in range(n))


@STATS.add("statistics buffer", "5.5.6.3", _HELD)
def _one(s: Script) -> None:
    s.send(_STATS, _entries(s, int(s.rng.integers(1, 17))))


@STATS.add("two statistics buffers", "5.5.6.3.1", _ONE)
def _two(s: Script) -> None:
    for slot in (0, 1):
        s.send(_STATS, _entries(s, 2), BUFFERS + 512 * slot, slot)


@STATS.add("two statistics buffers, one kick", "5.5.6.3.1", _ONE)
def _two_at_once(s: Script) -> None:
    for slot in (0, 1):
        gpa = BUFFERS + 512 * slot
        s.descriptor(slot, gpa, s.put(gpa, _entries(s, 2)), queue=_STATS)
    s.offer(_STATS, [0, 1])
    s.kick(_STATS)


@STATS.add(
    "statistics of unknown tags", "5.5.6.3.2", "MUST ignore entries with tags it does not recognize"
)
def _unknown(s: Script) -> None:
    s.send(_STATS, struct.pack("<HQ", 999, 1) + _entries(s, 1))


@STATS.add("statistics buffer of no whole entries", "5.5.6.3", "an array of 10-byte entries")
def _ragged(s: Script) -> None:
    s.send(_STATS, _entries(s, 2)[:-3])


@STATS.add("empty statistics buffer", "5.5.5", "Add one empty buffer to the stats virtqueue.")
def _empty(s: Script) -> None:
    s.send(_STATS, b"")
