"""The messages of the postings before and after v10, as formats a machine can speak.

Each follows the rules of its posting with the faults repaired, and is not its code. Where a posting
puts a command or a request number into a header, it is 0 here: an inflate does not need them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import ChunksOpened, Listener, pieces
from balloonkit.units import PFN_SHIFT
from balloonkit.wire import Format, PageBitmaps, PageChunks, WireError, pack_chunks
from balloonkit.wire.format import Message
from balloonkit.wire.page_bitmap import BITMAP_BITS, MAX_BITMAPS

__all__ = ["BitmapMessage", "DescriptorTable", "RangeWords", "RoundChunks"]

#: v2's header: cmd, page_shift, flag, reserved (le16 each), req_id, start_pfn, bmap_len (le64).
BITMAP_HEADER_BYTES = 32
#: v6's header is one le64, the upper half of it the bytes that follow; its data buffer has 8 pages.
RANGE_HEADER_BYTES, RANGE_BUFFER_WORDS = 8, 8 * 4096 // 8
#: v6's length field has the low 12 bits of a word; 0 says that the next word is the length.
RANGE_LENGTH_PAGES = (1 << 12) - 1
#: v11's table holds one descriptor less than the 1024 of QEMU's VIRTQUEUE_MAX_SIZE.
TABLE_DESCRIPTORS = 1023
#: A split-ring descriptor: address, length, flags, next (VIRTIO 1.2 section 2.7.5).
_DESCRIPTOR = np.dtype([("addr", "<u8"), ("len", "<u4"), ("flags", "<u2"), ("next", "<u2")])
DESCRIPTOR_BYTES = _DESCRIPTOR.itemsize

_Runs = NDArray[np.int64]


class _PostedMessage(Format):
    """A format whose posting has rules of its own for what goes into one message."""

    def groups(self, pfns: NDArray[np.integer]) -> Iterator[_Runs]:
        """Yield the runs of each message: (base, size) in guest pages, shape (n, 2)."""
        raise NotImplementedError

    def messages(
        self, pfns: NDArray[np.unsignedinteger], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Pack guest pages into messages; see `Format.messages`."""
        for runs in self.groups(pfns):
            for piece in pieces(len(runs), listener):
                if listener is not None:
                    listener.tell(ChunksOpened(piece.start, runs[piece]))
            scaled = runs.astype(np.uint64) * np.uint64(scale)
            yield Message(self.encode(scaled), scaled)


class BitmapMessage(_PostedMessage):
    """v2 (July 2016): one bitmap of up to 32 GiB, from the first page to the last by 64 bits.

    Such a bitmap has up to 1 MiB, gathered from pieces; this kit's window takes a message of
    32,760 bytes, so a machine speaks it on guests up to about 1 GiB.

    Examples
    --------
    >>> [message] = BitmapMessage().messages(np.array([70, 71, 130], np.uint32))
    >>> len(message.data), BitmapMessage().decode(message.data)
    (48, array([[ 70,   2],
           [130,   1]]))
    """

    name = "page bitmap, v2"
    entry = "run of bits"

    def groups(self, pfns: NDArray[np.integer]) -> Iterator[_Runs]:
        """Yield the runs of every 32 GiB in which there are any."""
        pages = np.sort(pfns)
        if not len(pages):
            return
        width = MAX_BITMAPS * BITMAP_BITS
        base = int(pages[0]) // 64 * 64
        for start in range(base, int(pages[-1]) + 1, width):
            first, end = np.searchsorted(pages, (start, start + width))
            if end > first:
                yield pack_chunks(pages[first:end]).astype(np.int64)

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write the header and the bitmap."""
        start = int(entries[0, 0]) // 64 * 64
        words = int(entries[-1].sum() - 1) // 64 - start // 64 + 1
        bits = np.zeros(words * 64, bool)
        for base, size in (entries.astype(np.int64) - [start, 0]).tolist():
            bits[base : base + size] = True
        header = np.array([0, PFN_SHIFT, 0, 0], "<u2").tobytes()
        header += np.array([0, start, words * 8], "<u8").tobytes()
        return header + np.packbits(bits, bitorder="little").tobytes()

    def decode(self, data: bytes) -> ArrayLike:
        """Read a bitmap's runs."""
        if len(data) < BITMAP_HEADER_BYTES or len(data) % 8:
            raise WireError(f"message of {len(data)} bytes: a header of 32 and whole words")
        shift = int.from_bytes(data[2:4], "little")
        start, size_bytes = np.frombuffer(data, "<u8", 2, 16).tolist()
        if shift != PFN_SHIFT or start % 64 or start >> 52:
            raise WireError(f"bitmap from {start:#x}, pages of 2^{shift} bytes: 64 and 2^12 needed")
        if size_bytes != len(data) - BITMAP_HEADER_BYTES:
            raise WireError(f"bitmap of {size_bytes} bytes in a message of {len(data)}")
        bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=32), bitorder="little")
        edges = np.flatnonzero(np.diff(bits.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        return np.stack((edges[:, 0] + start, edges[:, 1] - edges[:, 0]), axis=1)


def _runs_of_rounds(pfns: NDArray[np.integer]) -> Iterator[_Runs]:
    """Yield the runs within one bitmap each, round by round."""
    bitmaps = PageBitmaps()
    width = bitmaps.max_count * bitmaps.bits
    if not len(pfns):
        return
    runs, lowest = bitmaps.chunks(pfns).astype(np.int64), int(pfns.min())
    turn = (runs[:, 0] - lowest) // width
    for start in np.flatnonzero(np.diff(turn, prepend=-1)).tolist():
        yield runs[turn == turn[start]]


class RangeWords(_PostedMessage):
    """v6 (December 2016): ``{pfn|length}`` in a word, or the length in a second one.

    A full buffer of 8 pages is sent behind its header: up to 32,768 bytes, more than this kit's
    window takes, so that a machine with a fragmented guest says so instead of sending it.

    Examples
    --------
    >>> [message] = RangeWords().messages(np.arange(0x100, 0x103, dtype=np.uint32))
    >>> message.data.hex(" ", 8)
    '0000000008000000 0300100000000000'
    """

    name = "{pfn|length}, v6"
    entry = "range"

    def groups(self, pfns: NDArray[np.integer]) -> Iterator[_Runs]:
        """Yield the ranges of a buffer; the posting keeps room for one of two words."""
        for runs in _runs_of_rounds(pfns):
            first = words = 0
            for at, size in enumerate(runs[:, 1].tolist()):
                if words + 2 > RANGE_BUFFER_WORDS:
                    yield runs[first:at]
                    first, words = at, 0
                words += 2 if size > RANGE_LENGTH_PAGES else 1
            yield runs[first:]

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write the header and the words."""
        bases, sizes = entries.T
        long = sizes > RANGE_LENGTH_PAGES
        places = np.cumsum(1 + long) - 1 - long
        words = np.zeros(len(entries) + int(long.sum()), "<u8")
        words[places] = bases << np.uint64(12) | np.where(long, 0, sizes).astype(np.uint64)
        words[places[long] + 1] = sizes[long]
        return (words.nbytes << 32).to_bytes(RANGE_HEADER_BYTES, "little") + words.tobytes()

    def decode(self, data: bytes) -> ArrayLike:
        """Read words back as (base, size)."""
        said_bytes = int.from_bytes(data[:RANGE_HEADER_BYTES], "little") >> 32
        if len(data) < RANGE_HEADER_BYTES or len(data) % 8 or said_bytes != len(data) - 8:
            raise WireError(f"message of {len(data)} bytes says {said_bytes} follow its header")
        words = iter(np.frombuffer(data, "<u8", offset=RANGE_HEADER_BYTES).tolist())
        pairs: list[tuple[int, int]] = []
        for word in words:
            pages = word & RANGE_LENGTH_PAGES or next(words, None)
            if pages is None:
                raise WireError(f"message of {len(data)} bytes ends before its last range's length")
            pairs.append((word >> 12, pages))
        return pairs


class RoundChunks(PageChunks):
    """v10 (May 2017): runs within a bitmap, and every round of bitmaps sent by itself.

    Examples
    --------
    >>> [m.entries.tolist() for m in RoundChunks().messages(np.array([7, 8, 9_000_000], np.uint32))]
    [[[7, 2]], [[9000000, 1]]]
    """

    name = "page chunks, v10"

    def __init__(self) -> None:
        super().__init__(join=False)

    def messages(
        self, pfns: NDArray[np.unsignedinteger], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Pack guest pages into messages; see `PageChunks.messages`."""
        width = self.bitmaps.max_count * self.bitmaps.bits
        turn = (pfns - pfns.min()) // width if len(pfns) else pfns
        for one in np.unique(turn):
            yield from super().messages(pfns[turn == one], scale, listener)


class DescriptorTable(_PostedMessage):
    """v11 (June 2017): a table of virtqueue descriptors, one a run, with address and length.

    The table is the message; flags and next, which the queue's own reading does not need, are 0.

    Examples
    --------
    >>> [message] = DescriptorTable().messages(np.arange(0x100, 0x103, dtype=np.uint32))
    >>> message.data.hex(" ", 8)
    '0000100000000000 0030000000000000'
    """

    name = "descriptor table, v11"
    entry = "descriptor"

    def groups(self, pfns: NDArray[np.integer]) -> Iterator[_Runs]:
        """Yield the runs of a table."""
        for runs in _runs_of_rounds(pfns):
            for start in range(0, len(runs), TABLE_DESCRIPTORS):
                yield runs[start : start + TABLE_DESCRIPTORS]

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write the table; a length in bytes has 32 bits."""
        if (entries[:, 1] >= 1 << 32 - PFN_SHIFT).any():
            raise WireError(f"run of {int(entries[:, 1].max())} pages: its bytes need over 32 bits")
        table = np.zeros(len(entries), _DESCRIPTOR)
        table["addr"] = entries[:, 0] << np.uint64(PFN_SHIFT)
        table["len"] = entries[:, 1] << np.uint64(PFN_SHIFT)
        return table.tobytes()

    def decode(self, data: bytes) -> ArrayLike:
        """Read a table back as (base, size)."""
        if len(data) % DESCRIPTOR_BYTES:
            raise WireError(f"message of {len(data)} bytes: no whole descriptors of 16")
        table = np.frombuffer(data, _DESCRIPTOR)
        words = np.stack((table["addr"], table["len"].astype("<u8")), axis=1)
        if (words % 4096).any():
            raise WireError("a descriptor that begins or ends inside a page")
        return words >> np.uint64(PFN_SHIFT)
