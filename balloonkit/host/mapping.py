"""Real memory: an anonymous mapping laid out like guest RAM, and real madvise on it.

``MADV_DONTNEED`` on a private anonymous mapping gives the memory back at once; the pages read
as zero afterwards (madvise(2)). Each page carries a word made of its own number, so that a kept
page which lost its content, or got another's, is found.
"""

import errno
import mmap
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.meters import read_mapping
from balloonkit.host.release import ReleaseError
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT

__all__ = ["MappingRelease", "Verified", "advise_ranges"]

#: MADV_POPULATE_WRITE (Linux 5.14): fault pages in as if written, without writing.
_MADV_POPULATE_WRITE = 23
#: Progress is reported, and a dead parent noticed, once per slice.
_SLICE_BYTES = 256 << 20
#: EAGAIN means the kernel lacked something for a moment.
_TRIES = 10
_PAGE_WORDS = BALLOON_PAGE_BYTES // 8
#: Any odd number: page + 1 times it is never zero, and differs from page to page.
_PATTERN = np.uint64(0x9E3779B97F4A7C15)


class Verified(NamedTuple):
    """Pages checked by content, and how many of them are not what they should be."""

    released_pages: int
    released_not_zero: int
    kept_pages: int
    kept_changed: int


class MappingRelease:
    """Memory of `pages` 4 KiB pages, empty until `populate`.

    Parameters
    ----------
    pages : int
        4 KiB pages in the mapping.
    huge_pages : bool
        Ask for transparent huge pages, or refuse them.
    host_page_bytes : int
        What a device takes for the host's page, at least the machine's own.

    Raises
    ------
    OSError
        If the kernel gives no such mapping.

    Examples
    --------
    >>> with MappingRelease(pages=256) as memory:
    ...     memory.populate()
    ...     _ = memory.release_ranges(np.array([0]), np.array([200]))
    ...     memory.resident_bytes(), memory.verify(np.array([0]), np.array([200]))
    (229376, Verified(released_pages=200, released_not_zero=0, kept_pages=56, kept_changed=0))
    """

    def __init__(
        self, pages: int, huge_pages: bool = False, host_page_bytes: int = mmap.PAGESIZE
    ) -> None:
        self.host_page_bytes = host_page_bytes
        self.pages = pages
        self._size_bytes = pages * BALLOON_PAGE_BYTES
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._mapping = mmap.mmap(-1, self._size_bytes + mmap.PAGESIZE, flags=flags)
        # The kernel merges like neighbours, and smaps would count them as one: the last page is
        # never touched and differs, so this mapping ends where it ends.
        self._mapping.madvise(mmap.MADV_DONTDUMP, self._size_bytes, mmap.PAGESIZE)
        try:
            advice = mmap.MADV_HUGEPAGE if huge_pages else mmap.MADV_NOHUGEPAGE
            self._mapping.madvise(advice, 0, self._size_bytes)
        except OSError as error:
            # A kernel built without huge pages knows neither word; it has small pages only.
            if huge_pages or error.errno != errno.EINVAL:
                self._mapping.close()
                raise

    def __enter__(self) -> "MappingRelease":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self._mapping.close()

    def populate(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Put memory behind every page and write its pattern; `progress` gets (done, total) bytes.

        Raises
        ------
        OSError
            If the kernel has no memory for it.
        """
        for start_bytes in range(0, self._size_bytes, _SLICE_BYTES):
            end_bytes = min(start_bytes + _SLICE_BYTES, self._size_bytes)
            try:
                self._mapping.madvise(_MADV_POPULATE_WRITE, start_bytes, end_bytes - start_bytes)
            except OSError as error:
                if error.errno != errno.EINVAL:  # an older kernel: writing the pattern faults too
                    raise
            first, end = start_bytes >> PFN_SHIFT, end_bytes >> PFN_SHIFT
            self._words()[first:end] = _pattern(first, end)
            if progress is not None:
                progress(end_bytes, self._size_bytes)

    def release_pages(self, pages: NDArray[np.int64]) -> list[ReleaseError]:
        """Release single 4 KiB pages, one madvise each."""
        return advise_ranges(self._mapping, mmap.MADV_DONTNEED, pages, np.ones_like(pages))

    def release_ranges(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> list[ReleaseError]:
        """Release ranges, one madvise each."""
        return advise_ranges(self._mapping, mmap.MADV_DONTNEED, starts, counts)

    def resident_bytes(self) -> int:
        """Return the resident set of this mapping alone, as the kernel counts it (smaps)."""
        return read_mapping(self._words().ctypes.data, self._size_bytes).resident_bytes

    def verify(self, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> Verified:
        """Read the word in every page: zero in the given ranges, its pattern in all others.

        Reading a released page maps the kernel's shared zero page, which no resident set counts.
        """
        released = np.zeros(self.pages, bool)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            released[start : start + count] = True
        not_zero = changed = 0
        for first in range(0, self.pages, _SLICE_BYTES >> PFN_SHIFT):
            end = min(first + (_SLICE_BYTES >> PFN_SHIFT), self.pages)
            words, gone = self._words()[first:end], released[first:end]
            not_zero += int(np.count_nonzero(words[gone]))
            changed += int(np.count_nonzero((words != _pattern(first, end))[~gone]))
        released_pages = int(np.count_nonzero(released))
        return Verified(released_pages, not_zero, self.pages - released_pages, changed)

    def _words(self) -> NDArray[np.uint64]:
        """View the first word of every page; made anew, as a view left over forbids close."""
        words = np.frombuffer(self._mapping, np.uint64, count=self.pages * _PAGE_WORDS)
        return words[::_PAGE_WORDS]


def advise_ranges(
    mapping: mmap.mmap, advice: int, starts: NDArray[np.int64], counts: NDArray[np.int64]
) -> list[ReleaseError]:
    """Give ranges of pages of `mapping` an advice, one madvise each; return the failures.

    Examples
    --------
    >>> memory = mmap.mmap(-1, 4 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    >>> memory[4096:4097] = b"x"
    >>> advise_ranges(memory, mmap.MADV_DONTNEED, np.array([1]), np.array([2]))
    []
    >>> memory[4096]
    0
    """
    failures: list[ReleaseError] = []
    madvise = mapping.madvise
    offsets, lengths = (starts << PFN_SHIFT).tolist(), (counts << PFN_SHIFT).tolist()
    for offset_bytes, length_bytes in zip(offsets, lengths, strict=True):
        try:
            madvise(advice, offset_bytes, length_bytes)
        except OSError as error:
            failures += _retry(mapping, advice, offset_bytes, length_bytes, error)
    return failures


def _retry(
    mapping: mmap.mmap, advice: int, offset_bytes: int, length_bytes: int, error: OSError
) -> list[ReleaseError]:
    for _ in range(_TRIES):
        if error.errno != errno.EAGAIN:
            break
        try:
            mapping.madvise(advice, offset_bytes, length_bytes)
            return []
        except OSError as again:
            error = again
    return [ReleaseError(offset_bytes, length_bytes, f"madvise: {error}")]


def _pattern(first_page: int, end_page: int) -> NDArray[np.uint64]:
    return np.arange(first_page + 1, end_page + 1, dtype=np.uint64) * _PATTERN
