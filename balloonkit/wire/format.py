"""A message format is one object: from pages to messages, and from bytes back to raw entries.

Driver and device each hold one. `PFN_ARRAY` and `PAGE_CHUNKS` are two of them, a third is yours:
derive from `Format`, and it runs in the machine, in the race and in the step player. What lies in
RAM is not its question; the host asks that.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import ChunksJoined, ChunksOpened, Listener, Written, pieces
from balloonkit.wire.errors import WireError
from balloonkit.wire.features import Feature
from balloonkit.wire.page_bitmap import PageBitmaps
from balloonkit.wire.page_chunk import (
    CHUNK_SHIFT,
    MAX_CHUNKS,
    decode_chunks,
    encode_chunks,
    pack_chunks,
    split_words,
)
from balloonkit.wire.pfn_array import MAX_PFNS, decode_pfns, encode_pfns, split_pfns

__all__ = [
    "PAGE_CHUNKS",
    "PFN_ARRAY",
    "Format",
    "Message",
    "PageChunks",
    "PfnArray",
    "RawEntries",
    "format_of",
]

_END_PFN = 1 << 52


class Message(NamedTuple):
    """Bytes for the host, and what they name in 4 KiB balloon pages.

    `entries` are (base, size) pairs, shape (n, 2), or single pages, shape (n,).
    """

    data: bytes
    entries: NDArray[np.uint64] | NDArray[np.uint32]

    @property
    def pages(self) -> int:
        """Count the balloon pages named."""
        return len(self.entries) if self.entries.ndim == 1 else int(self.entries[:, 1].sum())

    def pfns(self) -> NDArray[np.uint64]:
        """Spell the balloon pages out, entry after entry, shape (pages,)."""
        if self.entries.ndim == 1:
            return self.entries.astype(np.uint64)
        bases, sizes = self.entries.astype(np.uint64).T
        starts = np.cumsum(sizes) - sizes
        counts = sizes.astype(np.intp)
        return np.repeat(bases - starts, counts) + np.arange(sizes.sum(), dtype=np.uint64)


class RawEntries(NamedTuple):
    """What a message says, before anybody asks whether it is true.

    Attributes
    ----------
    bases, sizes : arrays of int64, shape (n,)
        First PFN and pages, values up to 2^52; `sizes` is None where every entry is one page.
    misaligned : array of bool, shape (n,), or None
        Entries whose reserved bits are not zero.
    words : array of uint64, shape (n, 2), or None
        The entries as they stood on the wire, for a refusal to show.
    """

    bases: NDArray[np.int64]
    sizes: NDArray[np.int64] | None
    misaligned: NDArray[np.bool_] | None = None
    words: NDArray[np.uint64] | None = None


class Format:
    """A format of one's own: give it `encode` and `decode`, and a name.

    Attributes
    ----------
    name : str
        What tables and pictures call it.
    entry : str
        What one of its entries is called: "chunk".
    max_entries : int
        Entries in one message; a full one is sent at once.
    feature : Feature or None
        The bit that negotiates it; None where no bit stands for it and both sides are simply told.

    Examples
    --------
    >>> class Short(Format):
    ...     name = "runs of up to 255 pages, five bytes each"
    ...     def entries(self, pfns):
    ...         return [(b + k, min(255, n - k)) for b, n in super().entries(pfns).tolist()
    ...                 for k in range(0, n, 255)]
    ...     def encode(self, entries):
    ...         return b"".join(b.to_bytes(4, "little") + bytes([n]) for b, n in entries.tolist())
    ...     def decode(self, data):
    ...         if len(data) % 5:
    ...             raise ValueError(f"{len(data)} bytes are no whole entries")
    ...         cut = (data[at : at + 5] for at in range(0, len(data), 5))
    ...         return [(int.from_bytes(part[:4], "little"), part[4]) for part in cut]
    >>> [message] = Short().messages(np.arange(1000, 1300))
    >>> message.data.hex(" ", 5), Short().decode(message.data)
    ('e8030000ff e70400002d', [(1000, 255), (1255, 45)])
    """

    name = "a format of your own"
    entry = "entry"
    max_entries = MAX_CHUNKS
    feature: Feature | None = None

    def entries(self, pfns: NDArray[np.integer]) -> ArrayLike:
        """Turn pages, shape (n,), in the driver's sequence, into (base, size) pairs: the runs."""
        return pack_chunks(pfns)

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write one message from (base, size) pairs in balloon pages, shape (n, 2)."""
        raise NotImplementedError(f"{type(self).__name__}: write encode(entries) -> bytes")

    def decode(self, data: bytes) -> ArrayLike:
        """Read one message back: (base, size) pairs. Raise ValueError for what is none."""
        raise NotImplementedError(f"{type(self).__name__}: write decode(data) -> (base, size)")

    def messages(
        self, pfns: NDArray[np.uint32], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Pack guest pages into messages.

        Parameters
        ----------
        pfns : array of uint32, shape (n,)
            The guest's page numbers, in the sequence the driver would send them.
        scale : int
            4 KiB balloon pages in one page of the guest.
        listener : Listener, optional
            Told of every entry as it joins a message.
        """
        every = np.asarray(self.entries(pfns), np.uint64).reshape(-1, 2)
        for start in range(0, len(every), self.max_entries):
            part = every[start : start + self.max_entries]
            for piece in pieces(len(part), listener):
                if listener is not None:
                    listener.tell(ChunksOpened(piece.start, part[piece].astype(np.int64)))
            scaled = part * np.uint64(scale)
            yield Message(self.encode(scaled), scaled)

    def read(self, data: bytes) -> RawEntries:
        """Read a message the host does not trust.

        Raises
        ------
        ValueError
            If the frame is none; any bytes may come.
        """
        try:
            pairs = np.array(self.decode(data), object).reshape(-1, 2)
            capped = [[min(int(word), _END_PFN) for word in pair] for pair in pairs.tolist()]
        except ValueError:
            raise
        except Exception as error:  # a learner's code on hostile bytes: the message is refused
            raise WireError(f"decode raises {type(error).__name__}: {error}") from error
        values = np.array(capped, np.int64).reshape(-1, 2)
        if (values < 0).any():
            raise WireError(f"decode gives a negative number: {values.min()}")
        return RawEntries(values[:, 0], values[:, 1])


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
        self, pfns: NDArray[np.uint32], scale: int = 1, listener: Listener | None = None
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
        self, pfns: NDArray[np.uint32], scale: int = 1, listener: Listener | None = None
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
