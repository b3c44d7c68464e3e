"""The buffer of 2047 chunks that the re-enacted driver fills, sends and empties."""

from collections.abc import Callable

from balloonkit.history.faults import Fault
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = ["Chunk", "ChunkBuffer"]

#: Base PFN and number of pages, both in 4 KiB balloon pages.
Chunk = tuple[int, int]


class ChunkBuffer:
    """Chunks waiting for the next message.

    Parameters
    ----------
    send : callable
        Takes the queue's name and the chunks; returns whether the queue accepted them.

    Attributes
    ----------
    overrun : list of int
        Indices of entries written past the buffer's end: someone else's memory.

    Examples
    --------
    >>> sent = []
    >>> buffer = ChunkBuffer(lambda queue, chunks: not sent.append(chunks), frozenset())
    >>> buffer.add("inflate", (100, 2))
    >>> buffer.flush("inflate")
    >>> sent
    [((100, 2),)]
    """

    def __init__(
        self, send: Callable[[str, tuple[Chunk, ...]], bool], faults: frozenset[Fault]
    ) -> None:
        self._send = send
        self._faults = faults
        self.chunks: list[Chunk] = []
        self.overrun: list[int] = []

    def add(self, queue: str, chunk: Chunk) -> None:
        """Write one chunk behind the others; a buffer just filled is sent at once."""
        if len(self.chunks) >= MAX_CHUNKS:
            self.overrun.append(len(self.chunks))
        self.chunks.append(chunk)
        if len(self.chunks) == MAX_CHUNKS:  # once past it, equality never holds again
            self.flush(queue)

    def flush(self, queue: str) -> None:
        """Send what is there, if anything, and start anew."""
        while self.chunks and not self._send(queue, tuple(self.chunks)):
            if Fault.B11 in self._faults:
                return  # a failed send leaves everything as it is, the count too
        self.chunks.clear()
