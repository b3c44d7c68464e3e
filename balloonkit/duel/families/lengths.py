"""How long a message is: nothing, not whole PFNs, or more than Linux ever sends."""

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import BUFFERS, Script
from balloonkit.wire.channel import MESSAGE_BYTES
from balloonkit.wire.queue import Queue

LENGTHS = Families("lengths")
_INFLATE = Queue.INFLATE
_ARRAY = "an array of addresses: no length is a limit (256 is Linux's array)"
_WHOLE = "a 32-bit array; of a length that is no multiple of 4 it says nothing"


@LENGTHS.add("a few bytes too many", "5.5.6", _WHOLE)
def _tail(s: Script) -> None:
    s.send(
        _INFLATE,
        s.pfns(int(s.rng.integers(1, 30))).tobytes() + b"\x02\x03\x00"[: s.rng.integers(1, 4)],
    )


@LENGTHS.add("less than one PFN", "5.5.6", _WHOLE)
def _short(s: Script) -> None:
    s.send(_INFLATE, b"\x00\x02\x00"[: s.rng.integers(1, 4)])


@LENGTHS.add("257 PFNs", "5.5.6", _ARRAY)
def _one_more(s: Script) -> None:
    s.send(_INFLATE, s.pfns(257))


@LENGTHS.add("up to 2,000 PFNs", "5.5.6", _ARRAY, share=2)
def _many(s: Script) -> None:
    s.send(_INFLATE, s.pfns(int(s.rng.integers(258, 2000))))


@LENGTHS.add("longer than any message of the kit's", "5.5.6", _ARRAY, share=1)
def _too_long(s: Script) -> None:
    # One page, named again and again: RAM here has too few pages for so many PFNs.
    page = s.pfns(1)
    length = s.put(BUFFERS, bytes(page.tobytes()) * (MESSAGE_BYTES // 4 + 1))
    s.descriptor(0, BUFFERS, length)
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)


@LENGTHS.add(
    "empty buffer", "5.5.5", "Add one empty buffer to the stats virtqueue: a buffer may be empty"
)
def _empty(s: Script) -> None:
    s.send(_INFLATE, b"")


@LENGTHS.add(
    "empty buffer among others", "2.7.4.1", "no assumptions about the arrangement of descriptors"
)
def _empty_piece(s: Script) -> None:
    pieces = [(BUFFERS, s.put(BUFFERS, s.pfns(2)), 0), (BUFFERS + 64, 0, 0)]
    pieces.append((BUFFERS + 128, s.put(BUFFERS + 128, s.pfns(2)), 0))
    s.chain(pieces)
    s.offer(_INFLATE, [0])
    s.kick(_INFLATE)
