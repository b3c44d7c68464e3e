"""What the readers of one text have found so far, put together zone by zone."""

import re

from balloonkit.captures.texts.noise import TextError
from balloonkit.captures.texts.readings import ZONE_NAMES, FailedRequest, ZoneReading

__all__ = ["ZONE", "Found"]

#: The zones' names, longest first, for patterns that must tell DMA32 from DMA.
ZONE = "|".join(sorted(ZONE_NAMES, key=len, reverse=True))

# A physical address has at most 52 bits on x86-64 and arm64; no machine has more pages than that.
_MAX_PAGES = 1 << 52
_NUMBER = re.compile(r"\d{1,18}")


class Found:
    """Zones and remarks collected while a text is read.

    Attributes
    ----------
    zones : dict of (node, name) to ZoneReading
    recognised : list of str
    notes : list of str
    failed : list of FailedRequest
    pageblock_order : int, or None
    page_kb : int, or None
        Size of a page, where a text tells it.
    """

    def __init__(self) -> None:
        self.zones: dict[tuple[int, str], ZoneReading] = {}
        self.recognised: list[str] = []
        self.notes: list[str] = []
        self.failed: list[FailedRequest] = []
        self.pageblock_order: int | None = None
        self.page_kb: int | None = None
        self._readings: dict[tuple[str, int, str], int] = {}

    def zone(self, node: int, name: str, source: str) -> ZoneReading:
        """Return a zone to fill in, and remember which kind of text tells of it."""
        if source not in self.recognised:
            self.recognised.append(source)
        return self.zones.setdefault((node, name), ZoneReading(node, name))

    def note(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.notes:
            self.notes.append(text)

    def set_counts(self, zone: ZoneReading, counts: list[int], source: str) -> None:
        """Keep the free blocks of a zone; a later reading of the same kind replaces an earlier."""
        pages = sum(n << order for order, n in enumerate(counts))
        if pages > _MAX_PAGES:
            raise TextError(
                f"{zone.label}: {source} counts {pages} free pages, more than any machine has"
            )
        key = (source, zone.node, zone.name)
        self._readings[key] = self._readings.get(key, 0) + 1
        if self._readings[key] > 1:
            self.note(
                f"{zone.label}: {self._readings[key]} readings of {source}; the last is answered"
            )
        zone.counts = counts


def whole(digits: str) -> int:
    """Turn digits into a number; one too long for any machine is refused.

    Examples
    --------
    >>> whole("4096")
    4096
    """
    if not _NUMBER.fullmatch(digits):
        raise TextError(f"number {digits[:24]}... of {len(digits)} digits: no machine has so many")
    return int(digits)
