"""A message format is one object: from pages to messages, and from bytes back to raw entries.

Driver and device each hold one. Two of them come with the kit (`balloonkit.wire.formats`), a third
is yours: derive from `Format`, and it runs in the machine, in the race and in the step player. What
lies in RAM is not its question; the host asks that.
"""

import operator
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.events import ChunksOpened, Listener, pieces
from balloonkit.wire.channel import MESSAGE_BYTES
from balloonkit.wire.errors import WireError
from balloonkit.wire.features import Feature
from balloonkit.wire.page_chunk import MAX_CHUNKS, join_chunks, pack_chunks

__all__ = ["Format", "Message", "RawEntries"]

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
        Entries in one message at most; fewer where `encode` makes more than `MESSAGE_BYTES` of
        them. A full message is sent at once.
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
        """Turn pages, shape (n,), in the driver's sequence, into (base, size) pairs: the runs.

        Both are in the guest's own pages. `encode` is given 4 KiB balloon pages: of a guest with
        64 KiB pages, sixteen times as many.
        """
        return pack_chunks(pfns)

    def encode(self, entries: NDArray[np.uint64]) -> bytes:
        """Write one message from (base, size) pairs in balloon pages, shape (n, 2)."""
        raise NotImplementedError(f"{type(self).__name__}: write encode(entries) -> bytes")

    def decode(self, data: bytes) -> ArrayLike:
        """Read one message back: (base, size) pairs. Raise ValueError for what is none."""
        raise NotImplementedError(f"{type(self).__name__}: write decode(data) -> (base, size)")

    def messages(
        self, pfns: NDArray[np.unsignedinteger], scale: int = 1, listener: Listener | None = None
    ) -> Iterator[Message]:
        """Pack guest pages into messages.

        Parameters
        ----------
        pfns : array of unsigned integers, shape (n,)
            The guest's page numbers, in the sequence the driver would send them.
        scale : int
            4 KiB balloon pages in one page of the guest.
        listener : Listener, optional
            Told of every entry as it joins a message.

        Raises
        ------
        WireError
            If `entries` names other pages than it was given, or `encode` makes no message.
        """
        left = np.asarray(self.entries(pfns), np.uint64).reshape(-1, 2)
        self._check_pages(left, pfns)
        while len(left):
            count, data = self._fill(left[: self.max_entries] * np.uint64(scale))
            part, left = left[:count], left[count:]
            for piece in pieces(count, listener):
                if listener is not None:
                    listener.tell(ChunksOpened(piece.start, part[piece].astype(np.int64)))
            yield Message(data, part * np.uint64(scale))

    def _check_pages(self, entries: NDArray[np.uint64], pfns: NDArray[np.unsignedinteger]) -> None:
        """Find entries that lose a page, add one or name one twice: the driver relies on them."""
        named = join_chunks(entries[np.argsort(entries[:, 0], kind="stable")])
        right = pack_chunks(pfns)
        if not np.array_equal(named, right):
            raise WireError(
                f"format {self.name!r}: entries() makes {len(entries)} entries that name "
                f"{int(entries[:, 1].sum()):,} pages, and not once each of the "
                f"{int(right[:, 1].sum()):,} given"
            )

    def _fill(self, entries: NDArray[np.uint64]) -> tuple[int, bytes]:
        """Encode as many of the first `entries` as one message holds."""
        data = self._encoded(entries)
        if len(data) <= MESSAGE_BYTES:
            return len(entries), data
        fit, too_many = 0, len(entries)
        while too_many - fit > 1:
            tried = (fit + too_many) // 2
            if len(self._encoded(entries[:tried])) <= MESSAGE_BYTES:
                fit = tried
            else:
                too_many = tried
        if not fit:
            raise WireError(
                f"format {self.name!r}: encode makes more than {MESSAGE_BYTES:,} bytes, where a "
                f"message ends, of the single entry {tuple(entries[0].tolist())}"
            )
        return fit, self._encoded(entries[:fit])

    def _encoded(self, entries: NDArray[np.uint64]) -> bytes:
        data = self.encode(entries)
        if not isinstance(data, bytes | bytearray):
            raise WireError(f"format {self.name!r}: encode returns {data!r:.40}, give bytes")
        return bytes(data)

    def read(self, data: bytes) -> RawEntries:
        """Read a message the host does not trust.

        Raises
        ------
        ValueError
            If the frame is none; any bytes may come.
        """
        try:
            pairs = np.array(self.decode(data), object).reshape(-1, 2).tolist()
            capped = [[min(operator.index(word), _END_PFN) for word in pair] for pair in pairs]
        except ValueError:
            raise
        except Exception as error:  # a learner's code on hostile bytes: the message is refused
            raise WireError(f"decode raises {type(error).__name__}: {error}") from error
        values = np.array(capped, np.int64).reshape(-1, 2)
        if (values < 0).any():
            raise WireError(f"decode gives a negative number: {values.min()}")
        return RawEntries(values[:, 0], values[:, 1])
