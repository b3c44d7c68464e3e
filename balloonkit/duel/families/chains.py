"""Chains and rings no driver may write: each breaks one rule."""

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import BUFFERS, TABLES, Script
from balloonkit.wire.channel import QUEUE_SIZE
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import INDIRECT, NEXT, WRITE

CHAINS = Families("chains and rings")
_INFLATE = Queue.INFLATE
_LOOP = "loops in the descriptor chain are forbidden"
_ERROR = "The device SHOULD set DEVICE_NEEDS_RESET when it enters an error state"
_ONE_TABLE = "MUST NOT set INDIRECT within an indirect descriptor"
_BOTH = "MUST NOT set both INDIRECT and NEXT"
_DIRECT_FIRST = (
    "The device MUST handle the case of zero or more normal chained descriptors followed by a "
    "single descriptor with INDIRECT."
)
_LONGER = "MUST NOT create a descriptor chain longer than the Queue Size"
_READABLE_FIRST = "MUST place any device-writable descriptor elements after any device-readable"
_NOT_READ = "a device SHOULD NOT read a device-writable buffer"
_IDX = "MUST NOT decrement the available idx; it counts what was put into a ring of Queue Size"


def _go(s: Script, heads: tuple[int, ...] = (0,), ahead: int | None = None) -> None:
    s.offer(_INFLATE, heads, ahead)
    s.kick(_INFLATE)


def _message(s: Script, pages: int = 2) -> int:
    return s.put(BUFFERS, s.pfns(pages))


@CHAINS.add("next outside the table", "2.7.5", "next is an index of the table")
def _next_outside(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s), NEXT, int(s.rng.integers(QUEUE_SIZE, 1 << 16)))
    _go(s)


@CHAINS.add("chain that follows itself", "2.7.5.2", _LOOP)
def _self_loop(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s), NEXT, 0)
    _go(s)


@CHAINS.add("chain that goes round", "2.7.5.2", _LOOP)
def _loop(s: Script) -> None:
    n = int(s.rng.integers(2, 9))
    length = _message(s)
    for slot in range(n):
        s.descriptor(slot, BUFFERS, length, NEXT, (slot + 1) % n)
    _go(s)


@CHAINS.add("head outside the table", "2.7.6", "each ring entry refers to the head of a chain")
def _head_outside(s: Script) -> None:
    _go(s, (int(s.rng.integers(QUEUE_SIZE, 1 << 16)),))


@CHAINS.add("good chain before a head outside the table", "2.1.2", _ERROR)
def _good_then_head(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s))
    _go(s, (0, QUEUE_SIZE))


@CHAINS.add("broken chain before a good one", "2.1.2", _ERROR)
def _broken_then_good(s: Script) -> None:
    length = _message(s)
    s.descriptor(0, BUFFERS, length, NEXT, QUEUE_SIZE)
    s.descriptor(1, BUFFERS, length)
    _go(s, (0, 1))


@CHAINS.add("message to a broken device", "2.1.2", "until it is reset, nothing can be relied upon")
def _after_breaking(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s))
    _go(s, (QUEUE_SIZE,))
    s.replace_last(_INFLATE, 0)
    s.kick(_INFLATE)


@CHAINS.add("one head offered twice", "2.7.13", "each chain is offered once until it comes back")
def _head_twice(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s))
    _go(s, (0, 0))


@CHAINS.add("direct descriptors, then one INDIRECT", "2.7.5.3.2", _DIRECT_FIRST)
def _direct_then_indirect(s: Script) -> None:
    pieces = int(s.rng.integers(1, 4))
    for slot in range(pieces):
        gpa = BUFFERS + 64 * slot
        s.descriptor(slot, gpa, s.put(gpa, s.pfns(2)), NEXT, slot + 1)
    s.chain([(BUFFERS + 1024, s.put(BUFFERS + 1024, s.pfns(2)), 0)], table=TABLES)
    s.descriptor(pieces, TABLES, 16, INDIRECT)
    _go(s)


@CHAINS.add("INDIRECT and NEXT together", "2.7.5.3.1", _BOTH)
def _indirect_and_next(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0)], table=TABLES)
    s.descriptor(0, TABLES, 16, INDIRECT | NEXT, 1)
    s.descriptor(1, BUFFERS + 64, s.put(BUFFERS + 64, s.pfns(1)))
    _go(s)


@CHAINS.add("indirect table inside an indirect table", "2.7.5.3.1", _ONE_TABLE)
def _nested(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0)], table=TABLES + 1024)
    s.descriptor(0, TABLES + 1024, 16, INDIRECT, table=TABLES)
    s.descriptor(0, TABLES, 16, INDIRECT)
    _go(s)


@CHAINS.add("indirect table of no whole descriptors", "2.7.5.3", "len / 16 descriptors")
def _ragged(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0)], table=TABLES)
    s.descriptor(0, TABLES, 16 + int(s.rng.integers(1, 16)), INDIRECT)
    _go(s)


@CHAINS.add("empty indirect table", "2.7.5.3", "len / 16 descriptors")
def _no_table(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0)], table=TABLES)
    s.descriptor(0, TABLES, 0, INDIRECT)
    _go(s)


def _indirect_chain(s: Script, n: int) -> None:
    s.chain(
        [(BUFFERS + 4 * i, s.put(BUFFERS + 4 * i, p), 0) for i, p in enumerate(s.pfns(n))],
        table=TABLES,
    )
    s.descriptor(0, TABLES, 16 * n, INDIRECT)
    _go(s)


@CHAINS.add("indirect chain longer than the ring", "2.7.5.3.1", _LONGER)
def _long_indirect(s: Script) -> None:
    _indirect_chain(s, QUEUE_SIZE + int(s.rng.integers(1, 100)))


@CHAINS.add("indirect chain of 1,024", "2.7.5.3.1", _LONGER, share=1)
def _longest_indirect(s: Script) -> None:
    _indirect_chain(s, 1024)


@CHAINS.add("indirect chain of 1,025", "2.7.5.3.1", _LONGER, share=1)
def _too_long_indirect(s: Script) -> None:
    _indirect_chain(s, 1025)


@CHAINS.add("indirect table larger than the ring, its chain short", "2.7.5.3.1", _LONGER)
def _large_table(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0)], table=TABLES)
    s.descriptor(0, TABLES, 16 * (QUEUE_SIZE + int(s.rng.integers(1, 100))), INDIRECT)
    _go(s)


@CHAINS.add("indirect table whose next leaves it", "2.7.5.3", "chained by next within the table")
def _indirect_next(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s), NEXT, 7, table=TABLES)
    s.descriptor(0, TABLES, 16, INDIRECT)
    _go(s)


@CHAINS.add("indirect table that goes round", "2.7.5.2", _LOOP)
def _indirect_loop(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s), NEXT, 1, table=TABLES)
    s.descriptor(1, BUFFERS, 4, NEXT, 0, table=TABLES)
    s.descriptor(0, TABLES, 32, INDIRECT)
    _go(s)


@CHAINS.add("writable buffer", "2.7.5.1", _NOT_READ)
def _writable(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s), WRITE)
    _go(s)


@CHAINS.add("readable buffer, then a writable one", "2.7.5.1", _NOT_READ)
def _read_then_write(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), 0), (BUFFERS + 64, s.put(BUFFERS + 64, s.pfns(2)), WRITE)])
    _go(s)


@CHAINS.add("writable buffer, then a readable one", "2.7.4.2", _READABLE_FIRST)
def _write_then_read(s: Script) -> None:
    s.chain([(BUFFERS, _message(s), WRITE), (BUFFERS + 64, s.put(BUFFERS + 64, s.pfns(2)), 0)])
    _go(s)


@CHAINS.add("idx runs ahead of the ring", "2.7.6.1", _IDX, share=3)
def _far_ahead(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s))
    _go(s, (0,) * QUEUE_SIZE, ahead=QUEUE_SIZE + int(s.rng.integers(1, 400)))


@CHAINS.add("idx goes back", "2.7.6.1", _IDX, share=0)
def _back(s: Script) -> None:
    s.descriptor(0, BUFFERS, _message(s, 1))
    _go(s, (0,) * QUEUE_SIZE, ahead=(1 << 16) - 1)
