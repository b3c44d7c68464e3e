"""Guest RAM as a file in memory that QEMU and this process both map.

What QEMU releases becomes a hole in the file. Two calls find holes without touching a page:
``lseek`` one by one (lseek(2), SEEK_DATA and SEEK_HOLE), ``mincore`` all at once (mincore(2)).
Reading a hole through a mapping would fill it again.
"""

import ctypes
import errno
import mmap
import os
from functools import cache

import numpy as np
from numpy.typing import NDArray

from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT

__all__ = ["HUGE_PAGES", "RamFile"]

#: 4 KiB pages in a huge page of x86.
HUGE_PAGES = 512
HUGE_BYTES = HUGE_PAGES * BALLOON_PAGE_BYTES


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
    ([1, 2], 8192)
    """

    def __init__(self, size_bytes: int, huge_pages: bool = False) -> None:
        self.size_bytes = size_bytes
        flags = os.MFD_CLOEXEC | (os.MFD_HUGETLB | os.MFD_HUGE_2MB if huge_pages else 0)
        try:
            self.fd = os.memfd_create("balloonkit-guest-ram", flags)
        except OSError as error:
            raise self._named(error, huge_pages) from error
        try:
            os.ftruncate(self.fd, size_bytes)
            # Pages of huge pages come from a pool that may be empty: better an error than SIGBUS.
            os.posix_fallocate(self.fd, 0, size_bytes)
            self._mapping = mmap.mmap(self.fd, size_bytes)
        except OSError as error:
            os.close(self.fd)
            raise self._named(error, huge_pages) from error
        except BaseException:
            os.close(self.fd)
            raise
        self._words = np.frombuffer(self._mapping, np.uint64)[:: BALLOON_PAGE_BYTES // 8]
        # Space set aside counts as a hole until something is written there. Huge pages never do:
        # they are told by content, so each gets a mark.
        self._huge_pages = huge_pages
        self._mark = int(huge_pages)
        self._words[:] = self._mark

    def _named(self, error: OSError, huge_pages: bool) -> OSError:
        """Say what is missing, and how to give it."""
        if huge_pages:
            wanted = -(-self.size_bytes // HUGE_BYTES)
            words = (
                f"{wanted} huge pages of 2 MiB are needed and this kernel has not as many to give "
                f"({error.strerror}): as root, sysctl vm.nr_overcommit_hugepages={2 * wanted}"
            )
        else:
            words = f"no {self.size_bytes >> 20} MiB of memory for a guest ({error.strerror})"
        return OSError(error.errno, words)

    def __enter__(self) -> "RamFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def window(self, size_bytes: int) -> memoryview:
        """Return the first `size_bytes`, shared with whoever else maps the file."""
        return memoryview(self._mapping)[:size_bytes]

    def holes(self) -> NDArray[np.int64]:
        """List the pages that have no memory behind them, ascending, without touching any.

        Of huge pages the kernel shows no holes: those whose pages all begin with zero are told,
        and looking fills them. `resident_bytes` does not.
        """
        if self._huge_pages:
            gone = ~self._words.reshape(-1, HUGE_PAGES).any(axis=1)
            return np.flatnonzero(np.repeat(gone, HUGE_PAGES))
        in_core = np.empty(len(self._words), np.uint8)
        address = ctypes.c_void_p(self._words.ctypes.data)
        if _mincore(address, ctypes.c_size_t(self.size_bytes), _address(in_core)) == 0:
            away = np.flatnonzero(in_core & 1 == 0)
            # A page in swap is not in core either, but counts as one of the file's blocks.
            if len(away) << PFN_SHIFT == self.size_bytes - self.resident_bytes():
                return away
        return self.holes_by_seeking()

    def holes_by_seeking(self) -> NDArray[np.int64]:
        """List the same pages hole by hole, which is exact with swap too and takes longer."""
        found: list[NDArray[np.int64]] = []
        at_bytes = 0
        while at_bytes < self.size_bytes:
            start = os.lseek(self.fd, at_bytes, os.SEEK_HOLE)
            if start == self.size_bytes:
                break
            try:
                at_bytes = os.lseek(self.fd, start, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # no data up to the end
                    raise
                at_bytes = self.size_bytes
            found.append(np.arange(start >> PFN_SHIFT, at_bytes >> PFN_SHIFT))
        return np.concatenate(found) if found else np.empty(0, np.int64)

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


def _mincore(address: ctypes.c_void_p, size: ctypes.c_size_t, in_core: ctypes.c_void_p) -> int:
    return int(_libc().mincore(address, size, in_core))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _address(array: NDArray[np.uint8]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
