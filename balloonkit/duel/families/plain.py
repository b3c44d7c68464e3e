"""Plain traffic: what a driver that keeps the rules sends. Both devices must do the same."""

import numpy as np

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import BUFFERS, TABLES, Script
from balloonkit.wire.channel import QUEUE_SIZE
from balloonkit.wire.queue import Queue
from balloonkit.wire.ring import AVAIL_NO_INTERRUPT, INDIRECT, WRITE

PLAIN = Families("plain traffic")
_INFLATE, _DEFLATE = Queue.INFLATE, Queue.DEFLATE
_OPERATION = (
    "the array of PFNs is added to the inflateq; the device acknowledges by using the descriptor"
)
_FRAMING = "The device MUST NOT make assumptions about the particular arrangement of descriptors."


@PLAIN.add("one page", "5.5.6", _OPERATION)
def _one_page(s: Script) -> None:
    s.send(_INFLATE, s.pfns(1))


@PLAIN.add("a few pages", "5.5.6", _OPERATION)
def _few(s: Script) -> None:
    s.send(_INFLATE, s.pfns(int(s.rng.integers(2, 64))))


@PLAIN.add("full message, scattered", "5.5.6", _OPERATION, share=30)
def _full(s: Script) -> None:
    s.send(_INFLATE, s.pfns(256))


@PLAIN.add("full message, ascending", "5.5.6", _OPERATION)
def _ascending(s: Script) -> None:
    s.send(_INFLATE, s.run(256))


@PLAIN.add("full message, descending", "5.5.6", _OPERATION)
def _descending(s: Script) -> None:
    s.send(_INFLATE, s.run(256)[::-1])


@PLAIN.add("any buffer address", "2.7.4.1", _FRAMING)
def _anywhere(s: Script) -> None:
    s.send(_INFLATE, s.pfns(16), gpa=BUFFERS + int(s.rng.integers(0, 0x8000)))


@PLAIN.add("deflate", "5.5.6", "pages previously given are named on the deflateq")
def _deflate(s: Script) -> None:
    pfns = s.pfns(int(s.rng.integers(1, 256)))
    s.send(_INFLATE, pfns)
    s.send(_DEFLATE, pfns)


@PLAIN.add("inflate, deflate, inflate again", "5.5.6", _OPERATION)
def _again(s: Script) -> None:
    pfns = s.pfns(int(s.rng.integers(1, 64)))
    for queue in (_INFLATE, _DEFLATE, _INFLATE):
        s.send(queue, pfns)


@PLAIN.add(
    "batch, one kick", "2.7.13", "several chains may be offered before the device is notified"
)
def _batch(s: Script) -> None:
    n = int(s.rng.integers(2, 16))
    pfns = s.pfns(4 * n).reshape(n, 4)
    for slot, part in enumerate(pfns):
        s.descriptor(slot, BUFFERS + 16 * slot, s.put(BUFFERS + 16 * slot, part))
    s.offer(_INFLATE, s.rng.permutation(n).tolist())
    s.kick(_INFLATE)


@PLAIN.add("full ring, one kick", "2.7.13", "as many chains as descriptors may be offered", share=2)
def _full_ring(s: Script) -> None:
    for slot, part in enumerate(s.pfns(QUEUE_SIZE)):
        s.descriptor(slot, BUFFERS + 4 * slot, s.put(BUFFERS + 4 * slot, part))
    s.offer(_INFLATE, s.rng.permutation(QUEUE_SIZE).tolist())
    s.kick(_INFLATE)


@PLAIN.add("idx wraps", "2.7.6", "idx starts at 0, and increases: modulo 2^16", share=0)
def _wrap(s: Script) -> None:
    for slot, part in enumerate(s.pfns(QUEUE_SIZE)):
        s.descriptor(slot, BUFFERS + 4 * slot, s.put(BUFFERS + 4 * slot, part))
    s.offer(_INFLATE, range(QUEUE_SIZE))
    s.kick(_INFLATE)
    for _ in range((1 << 16) // QUEUE_SIZE):  # the same heads, round after round
        s.offer(_INFLATE, (), ahead=QUEUE_SIZE)
        s.kick(_INFLATE)


@PLAIN.add(
    "no interrupt wanted", "2.7.7.2", "If flags is 1, the device SHOULD NOT send a notification."
)
def _silent(s: Script) -> None:
    s.avail_flags(_INFLATE, AVAIL_NO_INTERRUPT)
    s.send(_INFLATE, s.pfns(3))
    s.avail_flags(_INFLATE, 0)
    s.send(_INFLATE, s.pfns(3))


def _cut(s: Script, data: bytes, cuts: list[int]) -> list[tuple[int, int, int]]:
    """Lay parts of a message apart in memory; return them as descriptors."""
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return [
        (BUFFERS + 0x800 * i, s.put(BUFFERS + 0x800 * i, part), 0) for i, part in enumerate(parts)
    ]


@PLAIN.add("chain of direct descriptors", "2.7.4.1", _FRAMING)
def _chain(s: Script) -> None:
    n = int(s.rng.integers(2, 9))
    s.chain(_cut(s, s.pfns(8 * n).tobytes(), [32 * i for i in range(1, n)]))
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


@PLAIN.add("PFN cut by a descriptor's end", "2.7.4.1", _FRAMING)
def _cut_pfn(s: Script) -> None:
    cuts = sorted(s.rng.choice(np.arange(1, 32), 3, replace=False).tolist())
    s.chain(_cut(s, s.pfns(8).tobytes(), cuts))
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


@PLAIN.add("chain as long as the ring", "2.7.5.3.1", "no chain longer than the Queue Size", share=2)
def _longest(s: Script) -> None:
    s.chain([(BUFFERS + 4 * i, s.put(BUFFERS + 4 * i, p), 0) for i, p in enumerate(s.pfns(128))])
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


def _indirect(s: Script, flags: int, spare: int = 0) -> None:
    n = int(s.rng.integers(1, 9))
    s.chain(_cut(s, s.pfns(8 * n).tobytes(), [32 * i for i in range(1, n)]), table=TABLES)
    for slot in range(n, n + spare):
        s.descriptor(slot, BUFFERS, 4, table=TABLES)
    s.descriptor(0, TABLES, 16 * (n + spare), INDIRECT | flags)
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


@PLAIN.add("indirect table", "2.7.5.3", "addr and len refer to the indirect table")
def _indirect_table(s: Script) -> None:
    _indirect(s, 0)


@PLAIN.add(
    "indirect table marked writable",
    "2.7.5.3.2",
    "The device MUST ignore the write-only flag in the descriptor of an indirect table.",
)
def _indirect_write(s: Script) -> None:
    _indirect(s, WRITE)


@PLAIN.add("indirect table with entries to spare", "2.7.5.3", "NEXT off signals the end")
def _indirect_spare(s: Script) -> None:
    _indirect(s, 0, spare=3)
