"""Guest RAM in a file of memory that another process maps too, and its release.

A hypervisor's device in a process of its own (vhost-user) reaches guest RAM this way. On shared
memory ``MADV_DONTNEED`` only drops this process's mapping: it answers 0, the resident set falls,
and the memory stays with its content. ``MADV_REMOVE`` frees it: it punches a hole into the file
(madvise(2)), and every mapping reads zero there, also in the process that runs the guest.
"""

import contextlib
import mmap
import os

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.mapping import advise_ranges
from balloonkit.host.release import ReleaseError
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT

__all__ = ["SharedRelease"]

_BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own are (stat(2))


class SharedRelease:
    """A memory file of `pages` 4 KiB pages, empty until someone writes.

    Parameters
    ----------
    pages : int

    Attributes
    ----------
    fd : int
        The file, to hand to whoever maps it too; -1 after `close`.

    Raises
    ------
    OSError
        If the kernel gives no such file or mapping.

    Examples
    --------
    >>> with SharedRelease(pages=256) as memory:
    ...     _ = os.pwrite(memory.fd, bytes([7]) * 8192, 0)
    ...     _ = memory.release_ranges(np.array([0]), np.array([1]))
    ...     memory.resident_bytes(), memory.read(0, 1) == bytes(4096)
    (4096, True)
    """

    def __init__(self, pages: int) -> None:
        self.host_page_bytes = mmap.PAGESIZE
        self.pages = pages
        self.fd = os.memfd_create("balloonkit-guest-ram", os.MFD_CLOEXEC)
        try:
            os.ftruncate(self.fd, pages * BALLOON_PAGE_BYTES)
            self._mapping = mmap.mmap(self.fd, pages * BALLOON_PAGE_BYTES)
        except BaseException:
            os.close(self.fd)
            raise

    def __enter__(self) -> "SharedRelease":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back once no other process maps it."""
        if not self._mapping.closed:
            self._mapping.close()
            fd, self.fd = self.fd, -1  # its number may soon be another file's
            os.close(fd)

    def release_pages(self, pages: NDArray[np.int64]) -> list[ReleaseError]:
        """Release single 4 KiB pages, one madvise each."""
        return self.release_ranges(pages, np.ones_like(pages))

    def release_ranges(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> list[ReleaseError]:
        """Release ranges, one madvise each."""
        return advise_ranges(self._mapping, mmap.MADV_REMOVE, starts, counts)

    def resident_bytes(self) -> int:
        """Return what the file has memory behind, whoever touched it."""
        return os.fstat(self.fd).st_blocks * _BLOCK_BYTES

    def resident_mask(self) -> NDArray[np.bool_]:
        """Tell which pages have memory behind them, shape (pages,)."""
        mask, end = np.zeros(self.pages, bool), 0
        with contextlib.suppress(OSError):  # ENXIO: no data from here on
            while True:
                start = os.lseek(self.fd, end, os.SEEK_DATA)
                end = os.lseek(self.fd, start, os.SEEK_HOLE)
                mask[start >> PFN_SHIFT : end >> PFN_SHIFT] = True
        return mask

    def read(self, page: int, count: int) -> bytes:
        """Read pages as they are; through a mapping, reading a hole would put memory there."""
        return os.pread(self.fd, count << PFN_SHIFT, page << PFN_SHIFT)
