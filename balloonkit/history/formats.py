"""What each wire format of the lineage would send for one and the same set of pages.

All of this is computed here, by the rules of each posting with its faults repaired, for a guest
with 4 KiB pages that gives up the whole set in one fill. A message is one kick and one ack.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.history.packing import ascending
from balloonkit.wire import PageBitmaps, find_runs, pack_chunks
from balloonkit.wire.page_bitmap import BITMAP_BITS, MAX_BITMAPS
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

__all__ = ["FORMATS", "PostedFormat", "Traffic", "compare_formats"]

#: Bytes of one split-ring descriptor: address, length, flags, next (VIRTIO 1.2 section 2.7.5).
DESCRIPTOR_BYTES = 16
#: v2's header: cmd, page_shift, flag, reserved (le16 each), req_id, start_pfn, bmap_len (le64).
BITMAP_HEADER_BYTES = 32
#: v6's header is one le64, its data buffer 8 pages of 4 KiB, an entry one le64 or two.
RANGE_HEADER_BYTES, RANGE_BUFFER_WORDS = 8, 8 * 4096 // 8
#: v6's length field has 12 bits; longer runs take a second word.
RANGE_LENGTH_PAGES = (1 << 12) - 1
#: v11's table holds one descriptor less than the 1024 of QEMU's VIRTQUEUE_MAX_SIZE.
TABLE_DESCRIPTORS = 1023
#: Entries of QEMU's balloon queues: what a driver can batch before it must kick.
QUEUE_ENTRIES = 128
#: Pages a 32-bit length in bytes can describe, in whole pages.
SG_PAGES = (1 << 32) // 4096 - 1
#: Linux 5.7 PAGE_REPORTING_CAPACITY: free blocks in one report.
REPORT_BLOCKS = 32


@dataclass(frozen=True)
class Traffic:
    """What crosses for one set of pages.

    Attributes
    ----------
    messages : int
        Kicks the host handles.
    entries : int
        Things in them: page numbers, bits, ranges, descriptors, blocks.
    bytes : int
        What the host reads to learn the pages, headers and descriptors that carry data included.
    pages : int
        4 KiB pages the host learns of.
    """

    messages: int
    entries: int
    bytes: int
    pages: int


@dataclass(frozen=True)
class PostedFormat:
    """A wire format: which posting, what it sends, and what is assumed to count it.

    `send` takes page numbers, shape (n,), ascending and without duplicates.
    """

    name: str
    version: str
    entry: str
    assumption: str
    send: Callable[[NDArray[np.int64]], Traffic]


def _classic(pfns: NDArray[np.int64]) -> Traffic:
    return Traffic(-(-len(pfns) // MAX_PFNS), len(pfns), len(pfns) * PFN_BYTES, len(pfns))


def _bitmap(pfns: NDArray[np.int64]) -> Traffic:
    round_bits = MAX_BITMAPS * BITMAP_BITS
    base = int(pfns[0]) // 64 * 64 if len(pfns) else 0
    bits = messages = 0
    for start in range(base, int(pfns[-1]) + 1 if len(pfns) else base, round_bits):
        first, end = np.searchsorted(pfns, (start, start + round_bits))
        if end > first:
            low, high = int(pfns[first]) // 64, int(pfns[end - 1]) // 64
            bits += (high - low + 1) * 64
            messages += 1
    return Traffic(messages, bits, messages * BITMAP_HEADER_BYTES + bits // 8, len(pfns))


def _rounds_of_lengths(pfns: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Lengths of the runs within one bitmap, round by round."""
    for _, bitmaps in PageBitmaps().rounds(pfns):
        yield np.concatenate([find_runs(bitmap)[:, 1] for bitmap in bitmaps])


def _pfn_length(pfns: NDArray[np.int64]) -> Traffic:
    messages = entries = words = 0
    for lengths in _rounds_of_lengths(pfns):
        entries += len(lengths)
        in_buffer = 0
        for size in np.where(lengths > RANGE_LENGTH_PAGES, 2, 1).tolist():
            if in_buffer + 2 > RANGE_BUFFER_WORDS:  # the posting keeps room for a long one
                messages += 1
                in_buffer = 0
            in_buffer += size
            words += size
        messages += 1
    return Traffic(messages, entries, messages * RANGE_HEADER_BYTES + words * 8, len(pfns))


def _in_bitmaps(per_message: int, header_bytes: int) -> Callable[[NDArray[np.int64]], Traffic]:
    def send(pfns: NDArray[np.int64]) -> Traffic:
        counts = [len(lengths) for lengths in _rounds_of_lengths(pfns)]
        messages = sum(-(-count // per_message) for count in counts)
        size_bytes = messages * header_bytes + sum(counts) * CHUNK_BYTES
        return Traffic(messages, sum(counts), size_bytes, len(pfns))

    return send


def _scatter_gather(per_message: int) -> Callable[[NDArray[np.int64]], Traffic]:
    def send(pfns: NDArray[np.int64]) -> Traffic:
        lengths = pack_chunks(pfns)[:, 1].astype(np.int64)
        entries = int(np.sum(-(-lengths // SG_PAGES)))
        messages = -(-entries // per_message)
        return Traffic(messages, entries, entries * DESCRIPTOR_BYTES, len(pfns))

    return send


def _aligned_blocks(pfns: NDArray[np.int64], order: int) -> int:
    """Count the aligned blocks of 2^order pages that lie whole in the set."""
    chunks = pack_chunks(pfns).astype(np.int64)
    size = 1 << order
    whole = chunks.sum(axis=1) // size - -(-chunks[:, 0] // size)
    return int(np.maximum(whole, 0).sum())


def _free_page_hint(pfns: NDArray[np.int64]) -> Traffic:
    blocks = _aligned_blocks(pfns, 10)
    messages = blocks + 2  # a start and a stop command of 4 bytes around them
    return Traffic(messages, blocks, blocks * DESCRIPTOR_BYTES + 2 * 4, blocks << 10)


def _free_page_reporting(pfns: NDArray[np.int64]) -> Traffic:
    large = _aligned_blocks(pfns, 10)
    blocks = _aligned_blocks(pfns, 9) - large  # two of order 9 in each of order 10
    pages = (large << 10) + (blocks - large << 9)
    return Traffic(-(-blocks // REPORT_BLOCKS), blocks, blocks * DESCRIPTOR_BYTES, pages)


#: The formats in the order they appeared; all figures computed here, none a posting's own.
FORMATS: tuple[PostedFormat, ...] = (
    PostedFormat(
        "PFN array",
        "classic",
        "page numbers",
        "256 le32 a message; since 2008, and still what inflation uses",
        _classic,
    ),
    PostedFormat(
        "page bitmap",
        "v2",
        "bits",
        "one bitmap of up to 32 GiB a message, from first to last page in steps of 64 bits",
        _bitmap,
    ),
    PostedFormat(
        "{pfn|length}",
        "v6",
        "ranges",
        "runs within a bitmap; 32 KiB buffer sent when two words may not fit",
        _pfn_length,
    ),
    PostedFormat(
        "page chunks",
        "v10",
        "chunks",
        "runs within a bitmap; 2047 a message",
        _in_bitmaps(MAX_CHUNKS, HEADER_BYTES),
    ),
    PostedFormat(
        "descriptor table",
        "v11",
        "descriptors",
        "runs within a bitmap; an indirect table of 1023 a message",
        _in_bitmaps(TABLE_DESCRIPTORS, 0),
    ),
    PostedFormat(
        "scatter-gather",
        "v12",
        "descriptors",
        "whole runs up to 4 GiB from a growing bitmap; batched until 128 queue entries are used",
        _scatter_gather(QUEUE_ENTRIES),
    ),
    PostedFormat(
        "scatter-gather, one by one",
        "v13",
        "descriptors",
        "whole runs up to 4 GiB; one descriptor, one kick",
        _scatter_gather(1),
    ),
    PostedFormat(
        "free page hint",
        "FREE_PAGE_HINT",
        "blocks",
        "the set taken as free memory; only whole blocks of order 10, one a message, for migration",
        _free_page_hint,
    ),
    PostedFormat(
        "free page report",
        "REPORTING",
        "blocks",
        "the set taken as free memory; only whole blocks of order 9 or 10, 32 a message",
        _free_page_reporting,
    ),
)


def compare_formats(pfns: NDArray[np.integer]) -> dict[str, Traffic]:
    """Count what each format would send for the same pages, by version.

    Parameters
    ----------
    pfns : integers, shape (n,)
        4 KiB pages, in any order.

    Examples
    --------
    >>> sent = compare_formats(np.arange(1024, 4096))
    >>> sent["classic"]
    Traffic(messages=12, entries=3072, bytes=12288, pages=3072)
    >>> sent["v10"]
    Traffic(messages=1, entries=1, bytes=24, pages=3072)
    """
    pages = ascending(pfns)
    return {f.version: f.send(pages) for f in FORMATS}
