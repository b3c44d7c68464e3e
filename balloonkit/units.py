"""Sizes and page counts, in both directions: ``"7GiB"`` and 1,835,008 pages."""

import re
from fractions import Fraction

__all__ = [
    "BALLOON_PAGE_BYTES",
    "MAX_BYTES",
    "PFN_SHIFT",
    "counted",
    "format_size",
    "parse_size",
    "size_to_pages",
]

#: VIRTIO_BALLOON_PFN_SHIFT: a balloon page is 4 KiB, whatever the guest's own page size is
#: (VIRTIO 1.2 section 5.5.6, "Device Operation").
PFN_SHIFT = 12
#: Bytes of a balloon page.
BALLOON_PAGE_BYTES = 1 << PFN_SHIFT

#: Largest size there is: 64-bit addresses.
MAX_BYTES = 1 << 64
# Digits of a size before and after its point; MAX_BYTES has 20.
_MAX_DIGITS = 24
_SIZE = re.compile(r"\s*(\d+)(?:\.(\d+))?\s*([a-zA-Z]*)\s*", re.ASCII)

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SPELLINGS = {name.lower(): factor for name, factor in _UNITS.items()}
_SPELLINGS |= {name[0].lower(): factor for name, factor in _UNITS.items() if len(name) == 3}


def parse_size(size: str | int) -> int:
    """Turn a size such as ``"7GiB"``, ``"512 MiB"`` or a number of bytes into bytes.

    Units are binary and their case does not matter; ``K``, ``M``, ``G`` and ``T`` mean KiB ... TiB.

    Raises
    ------
    ValueError
        If the text is not a size, is negative, or is not a whole number of bytes.

    Examples
    --------
    >>> parse_size("1.5GiB")
    1610612736
    """
    if isinstance(size, int):
        return _bounded(size, _shown(str(size)))
    match = _SIZE.fullmatch(size)
    if not match:
        raise ValueError(f"size {_shown(size)}: write a number and a unit, like 512MiB or 7GiB")
    whole, decimals, unit = match[1], match[2] or "", match[3].lower()
    if unit not in _SPELLINGS:
        raise ValueError(f"size {_shown(size)}: {_unit_advice(match[3])}")
    if len(whole) > _MAX_DIGITS or len(decimals) > _MAX_DIGITS:
        raise ValueError(
            f"size {_shown(size)}: a number of {len(whole) + len(decimals)} digits, and no "
            f"address is beyond {format_size(MAX_BYTES)}"
        )
    size_bytes = Fraction(int(whole + decimals), 10 ** len(decimals)) * _SPELLINGS[unit]
    if size_bytes.denominator != 1:
        below = int(size_bytes)
        mib = _SPELLINGS["mib"]
        near = f"{round(size_bytes / mib)}MiB" if below >= mib else "a page, 4KiB,"
        raise ValueError(
            f"size {_shown(size)}: between {below:,} and {below + 1:,} bytes, not a whole number; "
            f"{near} is near"
        )
    return _bounded(int(size_bytes), _shown(size))


def _bounded(size_bytes: int, shown: str) -> int:
    if size_bytes < 0:
        raise ValueError(f"size {shown}: must not be negative")
    if size_bytes > MAX_BYTES:
        raise ValueError(f"size {shown}: no address is beyond {format_size(MAX_BYTES)}")
    return size_bytes


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:24]}...")


def _unit_advice(unit: str) -> str:
    binary = f"{unit[:1].upper()}iB"
    if re.fullmatch("[kmgt]b", unit.lower()):
        return f"{unit} may be 1000 or 1024 to the power; write {binary}, powers of 1024"
    return f"unit {unit[:12]!r}; write KiB, MiB, GiB or TiB"


def size_to_pages(size: str | int, page_bytes: int = BALLOON_PAGE_BYTES) -> int:
    """Count the pages in `size`, which must be a whole number of pages.

    Raises
    ------
    ValueError
        If `size` is no size, or ends inside a page.

    Examples
    --------
    >>> size_to_pages("7GiB")
    1835008
    """
    pages, rest = divmod(parse_size(size), page_bytes)
    if rest:
        raise ValueError(f"size {size!r}: not a whole number of {format_size(page_bytes)} pages")
    return pages


def format_size(size_bytes: int) -> str:
    """Write bytes with the largest unit that keeps at most two decimals short.

    Examples
    --------
    >>> format_size(7 << 30), format_size(1536 << 10), format_size(100)
    ('7 GiB', '1.5 MiB', '100 B')
    """
    for name, factor in reversed(_UNITS.items()):
        if name and abs(size_bytes) >= factor:
            return f"{size_bytes / factor:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{size_bytes} B"


def counted(n: int, what: str) -> str:
    """Write how many there are of something whose plural ends in "s".

    Examples
    --------
    >>> counted(1, "message"), counted(7168, "message")
    ('1 message', '7,168 messages')
    """
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
