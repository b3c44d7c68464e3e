"""Guest RAM as a file in memory that QEMU and this process both map.

What QEMU releases becomes a hole in the file, and ``lseek`` finds holes without touching a page
(lseek(2), SEEK_DATA and SEEK_HOLE). Reading a hole through a mapping would fill it again.
"""

import errno
import mmap
import os

import numpy as np
from numpy.typing import NDArray

from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT

__all__ = ["HUGE_PAGES", "RamFile", "pages_of"]

#: 4 KiB pages in a huge page of x86.
HUGE_PAGES = 512


class RamFile:
    """A nameless file of `size_bytes`, with memory behind every page.

    Parameters
    ----------
    size_bytes : int
        A multiple of 4 KiB; of 2 MiB with huge pages.
    huge_pages : bool
        Of the kernel's pool of 2 MiB pages (hugetlb).

    Attributes
    ----------
    fd : int

    Raises
    ------
    OSError
        If there is no memory for it, or no huge pages.

    Examples
    --------
    >>> with RamFile(16384) as ram:
    ...     _ = ram.window(4096).obj.madvise(mmap.MADV_REMOVE, 4096, 8192)
    ...     ram.holes().tolist(), ram.resident_bytes()
    ([[1, 2]], 8192)
    """

    def __init__(self, size_bytes: int, huge_pages: bool = False) -> None:
        self.size_bytes = size_bytes
        flags = os.MFD_CLOEXEC | (os.MFD_HUGETLB | os.MFD_HUGE_2MB if huge_pages else 0)
        self.fd = os.memfd_create("balloonkit-guest-ram", flags)
        try:
            os.ftruncate(self.fd, size_bytes)
            # Pages of huge pages come from a pool that may be empty: better an error than SIGBUS.
            os.posix_fallocate(self.fd, 0, size_bytes)
            self._mapping = mmap.mmap(self.fd, size_bytes)
        except BaseException:
            os.close(self.fd)
            raise
        self._words = np.frombuffer(self._mapping, np.uint64)[:: BALLOON_PAGE_BYTES // 8]
        # Space set aside counts as a hole until something is written there. Huge pages never do:
        # they are told by content, so each gets a mark.
        self._huge_pages = huge_pages
        self._mark = int(huge_pages)
        self._words[:] = self._mark

    def __enter__(self) -> "RamFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def window(self, size_bytes: int) -> memoryview:
        """Return the first `size_bytes`, shared with whoever else maps the file."""
        return memoryview(self._mapping)[:size_bytes]

    def holes(self) -> NDArray[np.int64]:
        """Return what has no memory behind it, shape (n, 2): first 4 KiB page and pages.

        Of huge pages the kernel shows no holes: those whose pages all begin with zero are told,
        and looking fills them. `resident_bytes` does not.
        """
        if self._huge_pages:
            gone = ~self._words.reshape(-1, HUGE_PAGES).any(axis=1)
            first = np.flatnonzero(gone) * HUGE_PAGES
            return np.stack([first, np.full_like(first, HUGE_PAGES)], axis=1)
        found: list[tuple[int, int]] = []
        seek, end_bytes, at_bytes = os.lseek, self.size_bytes, 0
        while (hole := seek(self.fd, at_bytes, os.SEEK_HOLE)) < end_bytes:
            try:
                at_bytes = seek(self.fd, hole, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # no data up to the end
                    raise
                at_bytes = end_bytes
            found.append((hole >> PFN_SHIFT, (at_bytes - hole) >> PFN_SHIFT))
            if at_bytes == end_bytes:
                break
        return np.array(found, np.int64).reshape(-1, 2)

    def fill(self, pages: NDArray[np.int64]) -> None:
        """Put memory behind pages again, and zero (with huge pages, one) into their first word."""
        self._words[pages] = self._mark

    def resident_bytes(self) -> int:
        """Return how much of the file has memory behind it, as the kernel counts it."""
        return os.fstat(self.fd).st_blocks * 512

    def close(self) -> None:
        """Close the file; its memory goes with the last mapping of it, a `window` included."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            del self._words, self._mapping


def pages_of(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    """List the pages in ranges, shape (n, 2), one by one.

    Examples
    --------
    >>> pages_of(np.array([[1, 2], [7, 1]])).tolist()
    [1, 2, 7]
    """
    starts, counts = ranges[:, 0], ranges[:, 1]
    before = np.cumsum(counts) - counts
    pages: NDArray[np.int64] = np.arange(counts.sum()) + np.repeat(starts - before, counts)
    return pages
