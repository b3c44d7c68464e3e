"""The kinds of memory, and for each the call that frees it and the one that does not."""

from typing import NamedTuple

from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["BACKINGS", "CALLS", "HUGE_BYTES", "Backing", "Call"]

#: A huge page of x86-64.
HUGE_BYTES = 2 << 20

#: What a call is named after, and its number (Linux uapi/asm-generic/mman-common.h).
CALLS = {
    "MADV_DONTNEED": 4,
    "MADV_REMOVE": 9,  # fallocate(PUNCH_HOLE | KEEP_SIZE) on the file behind
    "MADV_DONTNEED_LOCKED": 24,  # since Linux 5.18, on locked pages too
}


class Call(NamedTuple):
    """One way to ask for memory back.

    Attributes
    ----------
    name : str
        A name of `CALLS`.
    first_bytes, length_bytes : int
        Which part of each huge page it names; all of it by default.
    why : str
        What it does there, and since when.
    """

    name: str
    why: str
    first_bytes: int = 0
    length_bytes: int = HUGE_BYTES

    @property
    def part(self) -> str:
        """Which part of each 2 MiB it names, in words."""
        if self.length_bytes == HUGE_BYTES:
            return "all"
        pages = self.length_bytes // BALLOON_PAGE_BYTES
        return f"{pages} of {HUGE_BYTES // BALLOON_PAGE_BYTES} pages"


class Backing(NamedTuple):
    """One kind of memory.

    Attributes
    ----------
    title : str
    who : str
        Where guest RAM is made of it.
    shared, huge, locked : bool
        A file in memory; with transparent huge pages; locked.
    pool : bool
        Of hugetlbfs, whose pages are set aside beforehand.
    keeps, frees : Call
        The call that does not free it, and the one that does; made in this sequence.
    """

    title: str
    who: str
    keeps: Call
    frees: Call
    shared: bool = False
    huge: bool = False
    locked: bool = False
    pool: bool = False


_DONTNEED = Call("MADV_DONTNEED", "unmaps the pages and frees them: nothing else holds them")
_PUNCH = Call("MADV_REMOVE", "punches a hole into the file, so every mapping loses the pages")
_UNMAPS = Call(
    "MADV_DONTNEED",
    "answers 0 and unmaps, but the file holds the pages: the old bytes read back",
)
_ALL_BUT_ONE = HUGE_BYTES - BALLOON_PAGE_BYTES

#: Every kind, by the name the command has for it.
BACKINGS: dict[str, Backing] = {
    "private": Backing(
        "private anonymous, 4 KiB pages",
        "QEMU and Firecracker by default",
        Call("MADV_REMOVE", "there is no file to punch a hole into"),
        _DONTNEED,
    ),
    "private-thp": Backing(
        "private anonymous, transparent huge pages",
        "QEMU by default, where the host allows it",
        Call(
            "MADV_DONTNEED",
            "unmaps the parts; the huge page stays whole until its last part goes, or the kernel "
            "splits it when memory is short",
            length_bytes=_ALL_BUT_ONE,
        ),
        _DONTNEED,
        huge=True,
    ),
    "memfd": Backing(
        "shared memfd, 4 KiB pages",
        "vhost-user devices, Firecracker with a memory backend",
        _UNMAPS,
        _PUNCH,
        shared=True,
    ),
    "memfd-thp": Backing(
        "shared memfd, transparent huge pages",
        "the same, where shmem_enabled allows it",
        _UNMAPS,
        _PUNCH,
        shared=True,
        huge=True,
    ),
    "hugetlb": Backing(
        "hugetlbfs, 2 MiB pages set aside",
        "QEMU with memory-backend-memfd,hugetlb=on; no Rss counts them",
        Call(
            "MADV_REMOVE",
            "answers 0 and zeroes the parts named, and no page goes back to the pool",
            length_bytes=_ALL_BUT_ONE,
        ),
        _PUNCH,
        shared=True,
        pool=True,
    ),
    "locked": Backing(
        "private anonymous, locked",
        "mlock, realtime hosts; like pages pinned for VFIO",
        Call("MADV_DONTNEED", "refuses locked pages"),
        Call("MADV_DONTNEED_LOCKED", "frees locked pages too, since Linux 5.18"),
        locked=True,
    ),
}
