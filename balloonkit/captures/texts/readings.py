"""What texts say about a machine's free memory: plain data, zones by (node, name)."""

from dataclasses import dataclass, field

__all__ = ["ZONE_NAMES", "FailedRequest", "TextReading", "Watermarks", "ZoneReading"]

#: Zones of Linux, lowest first (``include/linux/mmzone.h``, ``enum zone_type``).
ZONE_NAMES = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")


@dataclass(frozen=True)
class Watermarks:
    """How far a zone may be drained; all figures in pages of that machine.

    Attributes
    ----------
    min_pages, low_pages, high_pages : int
    reserve_pages : int
        lowmem_reserve against a request that may use every zone, as a balloon's may.
    """

    min_pages: int
    low_pages: int
    high_pages: int
    reserve_pages: int = 0


@dataclass
class ZoneReading:
    """One zone, as far as the texts tell.

    Attributes
    ----------
    node : int
    name : str
    page_kb : int
        Size of a page, in KiB.
    counts : list of int, or None
        Free blocks by order.
    at_least, types_at_least : bool
        Whether counts, or those by type, are only lower bounds: pagetypeinfo stops at 100,000.
    by_type : dict of str to list of int
        Free blocks by order for each migrate type; empty where no text tells.
    letters : list of str, or None
        Which migrate types each order holds, by the letters of Mem-Info: "UME", "H", ...
    pageblocks : dict of str to int
        Pageblocks by migrate type.
    free_pages_told : int, or None
        What zoneinfo or the zone's line of Mem-Info says, taken at another moment than the counts.
    watermarks : Watermarks or None
    highatomic_pages : int
        Pages in pageblocks reserved for atomic requests.
    free_cma_pages, start_pfn, spanned_pages, present_pages, managed_pages : int, or None
    batch : int, or None
        Pages a per-CPU list takes in one go.
    reserve_told : bool
        Whether a text tells the watermarks' reserve; where none does it is taken as 0.
    unusable_told, fragmentation_told : list of int, or None
        Indices of extfrag in thousandths.
    """

    node: int
    name: str
    page_kb: int = 4
    counts: list[int] | None = None
    at_least: bool = False
    types_at_least: bool = False
    by_type: dict[str, list[int]] = field(default_factory=dict)
    letters: list[str] | None = None
    pageblocks: dict[str, int] = field(default_factory=dict)
    free_pages_told: int | None = None
    watermarks: Watermarks | None = None
    highatomic_pages: int = 0
    free_cma_pages: int | None = None
    start_pfn: int | None = None
    spanned_pages: int | None = None
    present_pages: int | None = None
    managed_pages: int | None = None
    batch: int | None = None
    reserve_told: bool = False
    unusable_told: list[int] | None = None
    fragmentation_told: list[int] | None = None

    @property
    def label(self) -> str:
        """Return the zone's name as the kernel writes it, such as "Node 0, zone Normal"."""
        return f"Node {self.node}, zone {self.name}"

    @property
    def free_pages(self) -> int | None:
        """Count the free pages: by the blocks, or as told where there are none."""
        if self.counts is None:
            return self.free_pages_told
        return sum(n << order for order, n in enumerate(self.counts))


@dataclass(frozen=True)
class FailedRequest:
    """A request the kernel could not serve: its order, and what its report calls it."""

    order: int
    what: str


@dataclass(frozen=True)
class TextReading:
    """Everything that was read, and what was not.

    Attributes
    ----------
    zones : tuple of ZoneReading
        By node, lowest zone first.
    recognised : tuple of str
        Kinds of text that were found.
    notes : tuple of str
        Assumptions made, and sums that do not hold.
    ignored : tuple of str
        Lines that were of no use.
    failed : tuple of FailedRequest
    pageblock_order : int, or None
    """

    zones: tuple[ZoneReading, ...]
    recognised: tuple[str, ...]
    notes: tuple[str, ...]
    ignored: tuple[str, ...]
    failed: tuple[FailedRequest, ...] = ()
    pageblock_order: int | None = None
