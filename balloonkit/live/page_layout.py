"""How a guest's kernel lays out its ``struct page``: as it tells crash dumps, in vmcoreinfo.

A kernel writes offsets and marks for those who read its memory from outside, the same text
``/sys/kernel/vmcoreinfo`` leads to (``kernel/vmcore_info.c``). So the free lists of Linux 6.1, 6.12
and 7.2 are read by one rule, though the mark of a free block changed: ``page_type`` had bit 7
cleared up to 6.11, and is ``PGTY_buddy``, 0xf0, in its highest byte since 6.12.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

__all__ = ["PageLayout", "ReadKernel", "find_symbols"]

#: Reads (address, bytes) of the guest kernel's virtual memory.
ReadKernel = Callable[[int, int], bytes]

#: What must be known of the guest's ``/proc/kallsyms``.
_SYMBOLS = ("vmemmap_base", "vmcoreinfo_data", "vmcoreinfo_size")
_WORD_BYTES = 8
# VMCOREINFO_BYTES: one page.
_MAX_TEXT_BYTES = 4096
_LINE = re.compile(r"^(?:SIZE|OFFSET|NUMBER)\(([\w.]+)\)=(-?\d+)$", re.MULTILINE)


def find_symbols(kallsyms: str) -> dict[str, int]:
    """Return addresses by name, of lines of ``/proc/kallsyms``.

    Examples
    --------
    >>> find_symbols("ffffffff82398470 D vmemmap_base\\n")
    {'vmemmap_base': 18446744071599391856}
    """
    lines = (line.split() for line in kallsyms.splitlines())
    return {words[2]: int(words[0], 16) for words in lines if words[2:] and words[2] in _SYMBOLS}


@dataclass(frozen=True)
class PageLayout:
    """Where the array of struct pages begins, and what is where in each.

    Attributes
    ----------
    vmemmap : int
        Address of the first.
    size_bytes : int
    link, private, count, type_ : int
        Offsets in bytes: of ``lru`` (``buddy_list`` and ``pcp_list`` share its place), of
        ``private``, of ``_refcount``, of ``page_type`` (which shares the place of ``_mapcount``).
    buddy_type : int
        ``page_type`` of a free block, 32 bits.
    """

    vmemmap: int
    size_bytes: int = 64
    link: int = 8
    private: int = 40
    count: int = 52
    type_: int = 48
    buddy_type: int = 0xFFFFFF7F

    @classmethod
    def of_guest(cls, read: ReadKernel, kallsyms: str) -> Self | None:
        """Ask a guest's kernel; None if it does not tell, or what it tells is no layout.

        Parameters
        ----------
        read : callable
        kallsyms : str
            Lines of the guest's ``/proc/kallsyms``.
        """
        symbols = find_symbols(kallsyms)
        if len(symbols) < len(_SYMBOLS):
            return None
        vmemmap, data, size_bytes = (_word(read, symbols[name]) for name in _SYMBOLS)
        if not 0 < size_bytes <= _MAX_TEXT_BYTES:
            return None
        return cls.from_text(vmemmap, read(data, size_bytes).decode("ascii", "replace"))

    @classmethod
    def from_text(cls, vmemmap: int, vmcoreinfo: str) -> Self | None:
        """Read the layout of the kernel's own text; None if it lacks a line or makes no sense.

        Examples
        --------
        >>> text = "SIZE(page)=64\\nOFFSET(page._refcount)=52\\nOFFSET(page.lru)=8\\n"
        >>> text += "OFFSET(page._mapcount)=48\\nOFFSET(page.private)=40\\n"
        >>> text += "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\\n"
        >>> PageLayout.from_text(0xFFEA << 48, text) == PageLayout(0xFFEA << 48)
        True
        """
        told = {name: int(number) for name, number in _LINE.findall(vmcoreinfo)}
        names = ("page", "page.lru", "page.private", "page._refcount", "page._mapcount")
        if "PAGE_BUDDY_MAPCOUNT_VALUE" not in told or any(name not in told for name in names):
            return None
        size_bytes, link, private, count, type_ = (told[name] for name in names)
        fits = all(
            0 <= at <= size_bytes - room
            for at, room in (
                (link, 2 * _WORD_BYTES),
                (private, _WORD_BYTES),
                (count, 4),
                (type_, 4),
            )
        )
        if not fits or size_bytes % _WORD_BYTES or (link | private) % _WORD_BYTES:
            return None
        buddy_type = told["PAGE_BUDDY_MAPCOUNT_VALUE"] & 0xFFFFFFFF
        return cls(vmemmap, size_bytes, link, private, count, type_, buddy_type)


def _word(read: ReadKernel, address: int) -> int:
    return int.from_bytes(read(address, _WORD_BYTES), "little")
