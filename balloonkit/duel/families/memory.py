"""Where buffers and tables lie: in no memory, or across the end of it."""

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import LOW_BYTES, Script
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import INDIRECT

MEMORY = Families("buffers in no memory")
_INFLATE = Queue.INFLATE
_ADDRESS = "addr is a guest physical address; the specification says nothing of one that is no RAM"
#: Guest physical addresses of nothing: in the hole, beyond all RAM.
_NOWHERE = (0x80000000, 0x40000000, 1 << 36, 1 << 45)


def _go(s: Script) -> None:
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


def _nowhere(s: Script) -> int:
    return int(s.rng.choice(_NOWHERE))


@MEMORY.add("buffer in no memory", "2.7.5", _ADDRESS)
def _buffer(s: Script) -> None:
    s.descriptor(0, _nowhere(s), 4 * int(s.rng.integers(1, 9)))
    _go(s)


@MEMORY.add("buffer across the end of RAM", "2.7.5", _ADDRESS)
def _across(s: Script) -> None:
    gpa = LOW_BYTES - 8
    s.put(gpa, s.pfns(2))
    s.descriptor(0, gpa, 16)
    _go(s)


@MEMORY.add("buffer that ends where RAM ends", "2.7.5", "addr and len of the buffer")
def _at_the_end(s: Script) -> None:
    s.descriptor(0, LOW_BYTES - 8, s.put(LOW_BYTES - 8, s.run(3)[:2]))
    _go(s)


@MEMORY.add("buffer across 2^64", "2.7.5", _ADDRESS)
def _around(s: Script) -> None:
    s.descriptor(0, (1 << 64) - 4, 8)
    _go(s)


@MEMORY.add("indirect table in no memory", "2.7.5.3", "a table anywhere in memory")
def _table(s: Script) -> None:
    s.descriptor(0, _nowhere(s), 32, INDIRECT)
    _go(s)


@MEMORY.add("buffer of 4 GiB less a byte", "2.7.5.2", "no chain longer than 2^32 bytes", share=1)
def _huge(s: Script) -> None:
    s.descriptor(0, LOW_BYTES - 4096, (1 << 32) - 1)
    _go(s)
