"""The two formats of inflation: the classic array of PFNs, and the proposal's chunks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import ChunksJoined, ChunksOpened, Listener, Written, pieces
from balloonkit.wire.errors import WireError
from balloonkit.wire.features import Feature
from balloonkit.wire.format import Format, Message, RawEntries
from balloonkit.wire.page_bitmap import PageBitmaps
from balloonkit.wire.page_chunk import (
    CHUNK_SHIFT,
    MAX_CHUNKS,
    decode_chunks,
    encode_chunks,
    split_words,
)
from balloonkit.wire.pfn_array import MAX_PFNS, decode_pfns, encode_pfns, split_pfns

__all__ = ["PAGE_CHUNKS", "PFN_ARRAY", "PageChunks", "PfnArray", "format_of"]


class PfnArray(Format):
    """The classic message: page numbers, four bytes each, in the driver's sequence.

    Parameters
    ----------
    max_entries : int
        PFNs in a message it writes; Linux sends 256, smaller ones make small examples.
    max_read : int, optional
        The most PFNs of a message it reads, such as Linux's `MAX_PFNS`; by default any number, as
        the specification has no limit.

    Examples
    --------
    >>> [m.pages for m in PFN_ARRAY.messages(np.arange(600, dtype=np.uint32))]
    [256, 256, 88]
    """

    name = "PFN array"
    entry = "PFN"
    feature = Feature(0)

    def __init__(self, max_entries: int = MAX_PFNS, max_read: int | None = None) -> None:
        self.max_entries = max_entries
        self.max_read = max_read

    def decode(self, data: bytes) -> ArrayLike:
        """Read a well-formed message: (PFN, 1) pairs."""
        pfns = decode_pfns(data)
        return np.stack((pfns, np.ones_like(pfns)), axis=1)

    def messages(
        self, pfns: NDArray[np.unsignedinteger], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Cut the pages into messages; a larger guest page is that many PFNs in a row."""
        if scale > 1 and len(pfns) and int(pfns.max()) >= (1 << 32) // scale:
            raise WireError(
                f"PFN {int(pfns.max()) * scale}: a classic message holds 32-bit numbers of 4 KiB "
                "pages, which end at 16 TiB; chunks reach further"
            )
        at_once = max(self.max_entries // scale, 1)
        steps = np.arange(scale, dtype=np.uint32)
        for start in range(0, len(pfns), at_once):
            part = pfns[start : start + at_once]
            if scale > 1:
                part = (part[:, None] * np.uint32(scale) + steps).ravel()
            if listener is not None:
                for piece in pieces(len(part) // scale, listener):
                    here = slice(piece.start * scale, piece.stop * scale)
                    listener.tell(Written(here.start, part[here]))
            yield Message(encode_pfns(part), part)

    def read(self, data: bytes) -> RawEntries:
        """Read any bytes; see `Format.read`."""
        return RawEntries(split_pfns(data, self.max_read).astype(np.int64), None)


class PageChunks(Format):
    """The proposal of 2017: page bitmaps, their runs as (base, size), up to 2047 in a message.

    Parameters
    ----------
    max_entries : int
        Chunks in a message; smaller ones make small examples.
    join : bool
        Join runs across bitmap edges and rounds, balloonkit's improvement; the proposal does not.
    bitmaps : PageBitmaps, optional
        Smaller ones show their edges.

    Examples
    --------
    >>> [message] = PageChunks(bitmaps=PageBitmaps(bits=64)).messages(np.arange(10, 80))
    >>> message.entries.tolist()
    [[10, 70]]
    """

    name = "page chunks"
    entry = "chunk"
    feature = Feature.PAGE_CHUNKS

    def __init__(
        self,
        max_entries: int = MAX_CHUNKS,
        join: bool = True,
        bitmaps: PageBitmaps | None = None,
    ) -> None:
        self.max_entries = max_entries
        self.join = join
        self.bitmaps = bitmaps or PageBitmaps()

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write one message; see `encode_chunks`."""
        return encode_chunks(entries)

    def decode(self, data: bytes) -> ArrayLike:
        """Read a well-formed message; see `decode_chunks`."""
        return decode_chunks(data)

    def messages(
        self, pfns: NDArray[np.unsignedinteger], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Mark the pages, search the bitmaps, and fill one message after the other.

        A full message waits for the next chunk to open: till then a run may still join its last.
        """
        filled = np.empty((0, 2), np.int64)
        for runs in self.bitmaps.runs(pfns, listener):
            if self.join and len(filled) and len(runs) and filled[-1].sum() == runs[0, 0]:
                filled[-1, 1] += runs[0, 1]
                runs = runs[1:]
                if listener is not None:
                    listener.tell(ChunksJoined(len(filled) - 1, *filled[-1].tolist()))
            while len(runs):
                room = self.max_entries - len(filled)
                if not room:
                    yield self._message(filled, scale)
                    filled = filled[:0]
                    continue
                opened, runs = runs[:room], runs[room:]
                first, filled = len(filled), np.concatenate((filled, opened))
                if listener is not None:
                    listener.tell(ChunksOpened(first, opened))
        if len(filled):
            yield self._message(filled, scale)

    def _message(self, chunks: NDArray[np.int64], scale: int) -> Message:
        scaled = chunks.astype(np.uint64) * np.uint64(scale)
        return Message(self.encode(scaled), scaled)

    def read(self, data: bytes) -> RawEntries:
        """Read any bytes; see `Format.read`."""
        words = split_words(data)
        # 52-bit values: as int64 neither they nor their sums can wrap.
        chunks = (words >> np.uint64(CHUNK_SHIFT)).astype(np.int64)
        reserved = (words & np.uint64((1 << CHUNK_SHIFT) - 1)) != 0
        return RawEntries(chunks[:, 0], chunks[:, 1], reserved[:, 0] | reserved[:, 1], words)


#: What inflation uses since 2008.
PFN_ARRAY = PfnArray()
#: The proposal's, with this kit's joining at bitmap edges.
PAGE_CHUNKS = PageChunks()


def format_of(features: Feature) -> Format:
    """Return the format two sides speak once they have negotiated `features`.

    Examples
    --------
    >>> format_of(Feature(0)).name, format_of(Feature.PAGE_CHUNKS).name
    ('PFN array', 'page chunks')
    """
    return PAGE_CHUNKS if Feature.PAGE_CHUNKS in features else PFN_ARRAY
