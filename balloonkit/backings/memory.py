"""Memory of one kind, with a word in every page by which to know it again."""

import ctypes
import errno
import mmap
import os

import numpy as np
from numpy.typing import NDArray

from balloonkit.backings.kinds import CALLS, HUGE_BYTES, Backing, Call
from balloonkit.host.meters import MappingMeters, read_mapping
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["BackingMemory"]

#: A file system's own blocks may be larger; st_blocks counts these (stat(2)).
_BLOCK_BYTES = 512
_WORD = b"\x5a" * 8


class BackingMemory:
    """So much memory of a kind, every page of it written.

    Parameters
    ----------
    backing : Backing
    size_bytes : int
        A multiple of 2 MiB.

    Raises
    ------
    ValueError
        If the size is no multiple of 2 MiB.
    OSError
        If the machine gives no such memory: no pages in the pool, no right to lock so much.

    Examples
    --------
    >>> from balloonkit.backings import BACKINGS
    >>> with BackingMemory(BACKINGS["memfd"], 4 << 20) as memory:
    ...     memory.ask_back(BACKINGS["memfd"].keeps), memory.old_pages()
    ...     memory.ask_back(BACKINGS["memfd"].frees), memory.old_pages()
    ('0', 1024)
    ('0', 0)
    """

    def __init__(self, backing: Backing, size_bytes: int) -> None:
        if size_bytes <= 0 or size_bytes % HUGE_BYTES:
            raise ValueError(
                f"{format_size(size_bytes)} of memory: give a multiple of {format_size(HUGE_BYTES)}"
            )
        self.backing, self.size_bytes = backing, size_bytes
        self._fd = -1
        # Room to begin at a multiple of 2 MiB, and a page that differs, so that no neighbour is
        # counted with it.
        room_bytes = 0 if backing.pool else HUGE_BYTES + mmap.PAGESIZE
        try:
            if backing.shared:
                flags = os.MFD_HUGETLB | os.MFD_HUGE_2MB if backing.pool else 0
                self._fd = os.memfd_create("balloonkit-backing", os.MFD_CLOEXEC | flags)
                os.ftruncate(self._fd, size_bytes + room_bytes)
                if backing.pool:  # better an error than SIGBUS
                    os.posix_fallocate(self._fd, 0, size_bytes)
                self._mapping = mmap.mmap(self._fd, size_bytes + room_bytes)
            else:
                flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
                self._mapping = mmap.mmap(-1, size_bytes + room_bytes, flags=flags)
            start = self._address()
            self._first_bytes = -start % HUGE_BYTES
            if not backing.pool:
                self._advise_pages(start)
            self._write()
        except BaseException:
            self.close()
            raise

    def _advise_pages(self, start: int) -> None:
        mapping, end_bytes = self._mapping, self._first_bytes + self.size_bytes
        mapping.madvise(mmap.MADV_DONTDUMP, end_bytes, mmap.PAGESIZE)
        advice = mmap.MADV_HUGEPAGE if self.backing.huge else mmap.MADV_NOHUGEPAGE
        try:
            mapping.madvise(advice, self._first_bytes, self.size_bytes)
        except OSError as error:  # a kernel without huge pages knows neither word
            if self.backing.huge or error.errno != errno.EINVAL:
                raise
        if self.backing.locked:
            libc = ctypes.CDLL(None, use_errno=True)
            address = ctypes.c_void_p(start + self._first_bytes)
            if libc.mlock(address, ctypes.c_size_t(self.size_bytes)):
                code = ctypes.get_errno()
                raise OSError(code, f"mlock of {format_size(self.size_bytes)}: {os.strerror(code)}")

    def _write(self) -> None:
        self._words()[:] = np.frombuffer(_WORD, np.uint64)[0]

    def _address(self) -> int:
        return int(np.frombuffer(self._mapping, np.uint8, count=1).ctypes.data)

    def _words(self) -> NDArray[np.uint64]:
        words = np.frombuffer(
            self._mapping, np.uint64, count=self.size_bytes // 8, offset=self._first_bytes
        )
        return words[:: BALLOON_PAGE_BYTES // 8]

    def __enter__(self) -> "BackingMemory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give everything back."""
        mapping = getattr(self, "_mapping", None)
        if mapping is not None and not mapping.closed:
            mapping.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def ask_back(self, call: Call) -> str:
        """Make a call on its part of every 2 MiB; return "0", or the first error's name."""
        for start in range(self._first_bytes, self._first_bytes + self.size_bytes, HUGE_BYTES):
            try:
                self._mapping.madvise(CALLS[call.name], start + call.first_bytes, call.length_bytes)
            except OSError as error:
                return errno.errorcode.get(error.errno or 0, str(error))
        return "0"

    def meters(self) -> MappingMeters:
        """Read what the kernel counts behind the mapping."""
        return read_mapping(self._address() + self._first_bytes, self.size_bytes)

    def block_bytes(self) -> int | None:
        """Return what the file has memory behind, whoever maps it; None where there is no file."""
        return os.fstat(self._fd).st_blocks * _BLOCK_BYTES if self.backing.shared else None

    def old_pages(self) -> int:
        """Count the 4 KiB pages whose word reads back.

        A file is read past the mapping, as reading a hole through it would put memory there. A
        private page that is gone reads as the kernel's zero page, which nobody counts.
        """
        if not self.backing.shared:
            return int(np.count_nonzero(self._words()))
        found = 0
        for at in range(self._first_bytes, self._first_bytes + self.size_bytes, HUGE_BYTES):
            data = os.pread(self._fd, HUGE_BYTES, at)
            found += sum(
                data[page : page + 8] == _WORD for page in range(0, len(data), BALLOON_PAGE_BYTES)
            )
        return found
