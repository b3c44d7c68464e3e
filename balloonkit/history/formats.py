"""What each wire format of the lineage would send for one and the same set of pages.

All of this is computed here, by the rules of each posting with its faults repaired, for a guest
with 4 KiB pages that gives up the whole set in one fill. A message is one kick and one ack.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.history.messages import (
    BITMAP_HEADER_BYTES,
    DESCRIPTOR_BYTES,
    BitmapMessage,
    DescriptorTable,
    RangeWords,
    RoundChunks,
)
from balloonkit.history.packing import ascending
from balloonkit.wire import PFN_ARRAY, Format, pack_chunks

__all__ = ["FORMATS", "PostedFormat", "Traffic", "compare_formats"]

#: Entries of QEMU's balloon queues: what a driver can batch before it must kick.
QUEUE_ENTRIES = 128
#: Pages a 32-bit length in bytes can describe, in whole pages.
SG_PAGES = (1 << 32) // 4096 - 1
#: Linux 5.7 PAGE_REPORTING_CAPACITY: free blocks in one report.
REPORT_BLOCKS = 32

_Pages = NDArray[np.int64]


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
    """A format of the lineage: which posting, what it sends, and what is assumed to count it.

    Attributes
    ----------
    name, version, entry, assumption : str
    how : Format or callable
        Its messages, which a machine can speak too. A callable only counts: in scatter-gather and
        in hints the queue's own descriptors name the pages, and there is no message to read.
    """

    name: str
    version: str
    entry: str
    assumption: str
    how: Format | Callable[[_Pages], Traffic]

    @property
    def wire(self) -> Format | None:
        """Its messages, or None where there are no bytes to read."""
        return self.how if isinstance(self.how, Format) else None

    def send(self, pfns: _Pages) -> Traffic:
        """Count what crosses for `pfns`, shape (n,), ascending and without duplicates."""
        if not isinstance(self.how, Format):
            return self.how(pfns)
        messages = list(self.how.messages(pfns.astype(np.uint64)))
        size_bytes = sum(len(message.data) for message in messages)
        entries = sum(len(message.entries) for message in messages)
        if isinstance(self.how, BitmapMessage):
            entries = (size_bytes - len(messages) * BITMAP_HEADER_BYTES) * 8
        return Traffic(len(messages), entries, size_bytes, len(pfns))


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
        PFN_ARRAY,
    ),
    PostedFormat(
        "page bitmap",
        "v2",
        "bits",
        "one bitmap of up to 32 GiB a message, from first to last page in steps of 64 bits",
        BitmapMessage(),
    ),
    PostedFormat(
        "{pfn|length}",
        "v6",
        "ranges",
        "runs within a bitmap; 32 KiB buffer sent when two words may not fit",
        RangeWords(),
    ),
    PostedFormat(
        "page chunks",
        "v10",
        "chunks",
        "runs within a bitmap; 2047 a message",
        RoundChunks(),
    ),
    PostedFormat(
        "descriptor table",
        "v11",
        "descriptors",
        "runs within a bitmap; an indirect table of 1023 a message",
        DescriptorTable(),
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
