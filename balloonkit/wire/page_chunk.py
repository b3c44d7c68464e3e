"""Chunks: runs of contiguous pages as (base, size), and the message that carries them.

One message is an le64 count, then two le64 words per chunk: ``base << 12`` and ``size << 12``,
52-bit values above 12 reserved bits that must be zero (VIRTIO_BALLOON_F_PAGE_CHUNKS, v10 3/6,
4 May 2017). Base is a PFN, size a number of pages, both in 4 KiB balloon pages.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.wire.errors import TooManyEntriesError, WireError

__all__ = [
    "CHUNK_BYTES",
    "CHUNK_SHIFT",
    "HEADER_BYTES",
    "MAX_CHUNKS",
    "chunk_messages",
    "decode_chunks",
    "encode_chunks",
    "join_chunks",
    "pack_chunks",
    "split_words",
    "unpack_chunks",
]

#: Low bits of each word that are reserved; the value sits above them.
CHUNK_SHIFT = 12
#: A message begins with the number of its chunks, an le64.
HEADER_BYTES = 8
#: Two le64 words, base and size.
CHUNK_BYTES = 16
#: The proposal's buffer is 8 pages of 4 KiB: a count, and what fits behind it.
MAX_CHUNKS = (8 * 4096 - HEADER_BYTES) // CHUNK_BYTES

_END_PFN = 1 << 52  # base + size may reach this; the sum of two 52-bit values cannot wrap in 64


def pack_chunks(pfns: ArrayLike) -> NDArray[np.uint64]:
    """Pack page frame numbers into the fewest chunks.

    Parameters
    ----------
    pfns : integers, shape (n,)
        In any order; duplicates count once.

    Returns
    -------
    chunks : array of uint64, shape (m, 2)
        (base, size), ascending, disjoint, no two touching.

    Raises
    ------
    WireError
        If a PFN is negative, no whole number, or needs more than 52 bits.

    Examples
    --------
    >>> pack_chunks([103, 100, 101, 102, 200]).tolist()
    [[100, 4], [200, 1]]
    """
    array = np.asarray(pfns)
    if array.size == 0:
        return np.empty((0, 2), np.uint64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise WireError(f"PFNs of type {array.dtype}, shape {array.shape}: give whole numbers (n,)")
    if array.min() < 0 or array.max() >= _END_PFN:
        bad = array[(array < 0) | (array >= _END_PFN)][0]
        raise WireError(f"PFN {bad}: a chunk holds 52-bit numbers")
    pages = np.sort(array)
    steps = np.diff(pages)
    first = np.append(True, steps > 1)  # a step of 0 is a duplicate, 1 goes on, more starts anew
    last = np.append(steps > 1, True)
    bases = pages[first].astype(np.uint64)
    return np.stack((bases, pages[last].astype(np.uint64) - bases + 1), axis=1)


def join_chunks(chunks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Join ascending chunks that touch, as runs cut by a bitmap's edge do.

    The proposal sends such a run as two chunks; joining them is balloonkit's improvement.

    Examples
    --------
    >>> join_chunks(np.array([[0, 64], [64, 3], [70, 1]], np.uint64)).tolist()
    [[0, 67], [70, 1]]
    """
    if not len(chunks):
        return chunks
    ends = chunks.sum(axis=1)
    starts = np.flatnonzero(np.append(True, chunks[1:, 0] != ends[:-1]))
    last = np.append(starts[1:], len(chunks)) - 1
    bases = chunks[starts, 0]
    return np.stack((bases, ends[last] - bases), axis=1)


def unpack_chunks(chunks: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Spell out every page of `chunks`, shape (n, 2), in their order.

    Examples
    --------
    >>> unpack_chunks(np.array([[100, 3], [7, 1]], np.uint64)).tolist()
    [100, 101, 102, 7]
    """
    bases, sizes = chunks.astype(np.int64).T
    firsts = np.repeat(bases - np.cumsum(sizes) + sizes, sizes)
    return (firsts + np.arange(len(firsts))).astype(np.uint32)


def encode_chunks(chunks: ArrayLike) -> bytes:
    """Write one message from (base, size) pairs, shape (n, 2), n <= 2047.

    Raises
    ------
    WireError
        If there are too many chunks, or one is empty, negative or leaves the 52-bit space.

    Examples
    --------
    >>> encode_chunks([(0x100, 3)]).hex(" ", 8)
    '0100000000000000 0000100000000000 0030000000000000'
    """
    pairs = np.asarray(chunks)
    if pairs.size == 0:
        pairs = np.empty((0, 2), np.uint64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise WireError(f"chunks of type {pairs.dtype}, shape {pairs.shape}: give (base, size)")
    if len(pairs) > MAX_CHUNKS:
        raise WireError(f"{len(pairs)} chunks: one message takes at most {MAX_CHUNKS}")
    if len(pairs) and pairs.min() < 0:
        raise WireError(f"chunk {tuple(pairs[(pairs < 0).any(axis=1)][0].tolist())}: negative")
    words = pairs.astype("<u8")
    _check_entries(words)
    return len(words).to_bytes(HEADER_BYTES, "little") + (words << CHUNK_SHIFT).tobytes()


def decode_chunks(data: bytes | bytearray | memoryview) -> NDArray[np.uint64]:
    """Read one message back: (base, size) in wire order, shape (n, 2).

    Raises
    ------
    WireError
        If the length does not fit the count, a reserved bit is set, or a chunk is empty or leaves
        the 52-bit space.

    Examples
    --------
    >>> decode_chunks(encode_chunks([(0x100, 3)])).tolist()
    [[256, 3]]
    """
    words = split_words(data)
    reserved = words & ((1 << CHUNK_SHIFT) - 1)
    if reserved.any():
        index, word = np.argwhere(reserved)[0]
        raise WireError(f"chunk {index}: reserved low bits set in {int(words[index, word]):#x}")
    chunks: NDArray[np.uint64] = words >> np.uint64(CHUNK_SHIFT)
    _check_entries(chunks)
    return chunks


def split_words(data: bytes | bytearray | memoryview) -> NDArray[np.uint64]:
    """Check a message's frame only, and return its raw words, shape (n, 2).

    Raises
    ------
    WireError
        If the message is shorter than its count, longer, or counts more than 2047 chunks.

    Examples
    --------
    >>> split_words(encode_chunks([(0x100, 3)])).tolist()
    [[1048576, 12288]]
    """
    if len(data) < HEADER_BYTES:
        raise WireError(
            f"message of {len(data)} bytes: too short for its {HEADER_BYTES}-byte count"
        )
    count = int.from_bytes(data[:HEADER_BYTES], "little")
    if count > MAX_CHUNKS:
        raise TooManyEntriesError(f"message counts {count} chunks: at most {MAX_CHUNKS} fit")
    expected_bytes = HEADER_BYTES + count * CHUNK_BYTES
    if len(data) != expected_bytes:
        raise WireError(
            f"message of {len(data)} bytes counts {count} chunks, which take {expected_bytes}"
        )
    return np.frombuffer(data, "<u8", offset=HEADER_BYTES).reshape(count, 2)


def chunk_messages(chunks: NDArray[np.uint64], per_message: int = MAX_CHUNKS) -> Iterator[bytes]:
    """Cut chunks into messages: a full buffer is sent at once, the rest at the end.

    Examples
    --------
    >>> chunks = np.stack((np.arange(0, 6000, 2), np.ones(3000, int)), axis=1).astype(np.uint64)
    >>> [len(m) for m in chunk_messages(chunks)]
    [32760, 15256]
    """
    for start in range(0, len(chunks), per_message):
        yield encode_chunks(chunks[start : start + per_message])


def _check_entries(chunks: NDArray[np.uint64]) -> None:
    # Each word is at most 2^52 - 1 once the first test passed, so the sum stays far below 2^64.
    bad = (chunks >= _END_PFN).any(axis=1) | (chunks[:, 1] == 0)
    bad |= ~bad & (chunks[:, 0] + chunks[:, 1] > _END_PFN)
    if bad.any():
        index = int(bad.argmax())
        base, size = chunks[index].tolist()
        why = "is empty" if size == 0 else "leaves the 52-bit space of page numbers"
        raise WireError(f"chunk {index} ({base:#x}, {size:#x}) {why}")
