"""What a balloon would get of a machine known by counts alone, and what each path would cost.

Pages come as the kernel gives them: node by node, highest zone first, down to the low watermarks,
then down to min. Chunks are bounds; see `balloonkit.guest.chunk_interval`. Pages on per-CPU lists
are in no count and leave as well, so a real balloon may get somewhat more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from balloonkit.captures.texts import TextError, ZoneReading
from balloonkit.costs import COSTS_2017, Counts, Stages
from balloonkit.guest.chunk_interval import blocks_within, chunk_interval
from balloonkit.look.request import kept_pages, usable_counts
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

__all__ = ["Forecast", "PathForecast", "forecast"]


@dataclass(frozen=True)
class PathForecast:
    """What one path needs at the best and at the worst.

    Attributes
    ----------
    least, most : Counts
    """

    least: Counts
    most: Counts

    @property
    def model(self) -> tuple[Stages, Stages]:
        """Return the model seconds of both, at the costs of 2017."""
        return COSTS_2017.stages(self.least), COSTS_2017.stages(self.most)

    def as_dict(self) -> dict[str, Any]:
        """Return each figure as [least, most]."""
        shown = ("allocations", "messages", "entries", "releases")
        figures = {key: [getattr(self.least, key), getattr(self.most, key)] for key in shown}
        return figures | {"model_seconds": [stages.total for stages in self.model]}


@dataclass(frozen=True)
class Forecast:
    """What a balloon would get.

    Attributes
    ----------
    wanted_kb, given_kb : int
        Asked for, and what the zones give down to their watermarks.
    by_zone : dict of (node, zone) to int
        Guest pages each zone gives.
    chunks : tuple of int
        Fewest and most, page by page.
    paths : dict of str to PathForecast
    notes : tuple of str
        What was assumed.
    """

    wanted_kb: int
    given_kb: int
    by_zone: dict[tuple[int, str], int]
    chunks: tuple[int, int]
    paths: dict[str, PathForecast]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast as plain data, ready for JSON."""
        return {
            "wanted_kb": self.wanted_kb,
            "given_kb": self.given_kb,
            "shortfall_kb": self.wanted_kb - self.given_kb,
            "zones": [
                {"node": node, "zone": name, "pages": pages}
                for (node, name), pages in self.by_zone.items()
            ],
            "chunks": self.chunks,
            "paths": {name: path.as_dict() for name, path in self.paths.items()},
            "clock": "model, costs of 2017",
            "notes": list(self.notes),
        }


def forecast(zones: Sequence[ZoneReading], inflate_bytes: int) -> Forecast:
    """Say what a balloon of `inflate_bytes` would get from these zones, and how.

    Raises
    ------
    TextError
        If the zones do not have pages of one size.

    Examples
    --------
    >>> from balloonkit.captures.texts import read_texts
    >>> zones = read_texts("Node 0, zone Normal 9 0 1 0 0 0 0 0 0 0 4").zones
    >>> plan = forecast(zones, 1 << 20)
    >>> plan.given_kb, plan.chunks, plan.paths["classic"].most.messages
    (1024, (5, 11), 1)
    """
    sizes = {zone.page_kb for zone in zones}
    if len(sizes) != 1:
        raise TextError(f"zones with pages of {sorted(sizes)} KiB: not one machine")
    page_kb = sizes.pop()
    if inflate_bytes % (page_kb << 10):
        raise TextError(
            f"inflate {format_size(inflate_bytes)}: not whole pages of {page_kb} KiB, which this "
            "machine has"
        )
    wanted_pages = inflate_bytes // (page_kb << 10)
    given = _give(zones, wanted_pages)
    pages = sum(given.values())
    intervals = [_chunks(zone, given[zone.node, zone.name]) for zone in zones]
    chunks = (
        max((least for least, _ in intervals), default=0),
        sum(most for _, most in intervals),
    )
    blocks = _whole_blocks(zones, given)
    scale = (page_kb << 10) // BALLOON_PAGE_BYTES
    told = pages * scale
    classic = _counts(told, pages, -(-told // MAX_PFNS), told * PFN_BYTES, told)
    paths = {
        "classic": PathForecast(classic, classic),
        "chunks": PathForecast(*(_in_chunks(told, pages, n) for n in chunks)),
    }
    if blocks is not None:
        least, most = min(chunks[0], 1), blocks
        paths["chunks_block_alloc"] = PathForecast(
            _in_chunks(told, blocks, least), _in_chunks(told, blocks, most)
        )
    notes = tuple(_notes(zones, wanted_pages, pages))
    return Forecast(inflate_bytes >> 10, pages * page_kb, given, chunks, paths, notes)


def _counts(told: int, allocations: int, messages: int, size_bytes: int, entries: int) -> Counts:
    return Counts(
        pages=told,
        refused_pages=0,
        released_pages=told,
        allocations=allocations,
        messages=messages,
        bytes=size_bytes,
        entries=entries,
        translations=entries,
        releases=entries,
    )


def _in_chunks(told: int, allocations: int, chunks: int) -> Counts:
    messages = -(-chunks // MAX_CHUNKS)
    size_bytes = messages * HEADER_BYTES + chunks * CHUNK_BYTES
    return _counts(told, allocations, messages, size_bytes, chunks)


def _give(zones: Sequence[ZoneReading], wanted_pages: int) -> dict[tuple[int, str], int]:
    """Share out the pages as the kernel does: by node, highest zone first, low marks, then min."""
    given = {(zone.node, zone.name): 0 for zone in zones}
    nodes = sorted({zone.node for zone in zones})
    for level in ("low_pages", "min_pages"):
        for node in nodes:
            for zone in reversed([z for z in zones if z.node == node and z.name != "Device"]):
                key = (zone.node, zone.name)
                more = min(wanted_pages, _spare_pages(zone, level) - given[key])
                if more > 0:
                    given[key] += more
                    wanted_pages -= more
    return given


def _spare_pages(zone: ZoneReading, level: str) -> int:
    marks = zone.watermarks
    mark_pages = getattr(marks, level) + marks.reserve_pages if marks else 0
    return max((zone.free_pages or 0) - kept_pages(zone) - mark_pages, 0)


def _chunks(zone: ZoneReading, pages: int) -> tuple[int, int]:
    """Bound the chunks of the pages one zone gives: movable blocks first, where types are told."""
    if not pages:
        return 0, 0
    if zone.counts is None or zone.at_least:
        return 1, pages
    movable = zone.by_type.get("Movable")
    if movable is None:
        return chunk_interval(blocks_within(usable_counts(zone), pages))
    least, most = chunk_interval(blocks_within(movable, pages))
    beyond = pages - sum(n << order for order, n in enumerate(movable))
    if beyond > 0:
        # Blocks of other types follow, in a sequence no text tells: at most the smallest of them.
        rest = [max(n - m, 0) for n, m in zip(usable_counts(zone), movable, strict=True)]
        most += sum(blocks_within(rest, beyond))
    return least, most


def _whole_blocks(zones: Sequence[ZoneReading], given: dict[tuple[int, str], int]) -> int | None:
    """Count the allocations when each zone gives its pages in the largest blocks there are."""
    allocations = 0
    for zone in zones:
        pages = given[zone.node, zone.name]
        if not pages:
            continue
        if zone.counts is None:
            return None
        allocations += _largest_first(usable_counts(zone), pages)
    return allocations


def _largest_first(counts: list[int], pages: int) -> int:
    """Count the blocks handed out, largest first; one is split where none is so small."""
    allocations, spare_pages = 0, 0  # spare: in blocks larger than what is still wanted
    for order in reversed(range(len(counts))):
        n = min(pages >> order, counts[order] + (spare_pages >> order))
        allocations += n
        pages -= n << order
        spare_pages += (counts[order] - n) << order
    return allocations


def _notes(zones: Sequence[ZoneReading], wanted_pages: int, pages: int) -> Iterator[str]:
    if pages < wanted_pages:
        yield (
            f"{counted(wanted_pages, 'page')} were asked for and the zones give {pages:,}; the "
            "rest would need reclaim, which is not modelled"
        )
    if any(zone.watermarks is None for zone in zones):
        yield "no text here tells the watermarks of every zone: where it does not, all is given"
    if not any(zone.by_type or zone.letters for zone in zones):
        yield "no text here tells migrate types: any free block is taken, smallest first"
    elif any(zone.letters and not zone.by_type for zone in zones):
        yield "letters name the types of each order, not how many blocks each has"
    if len({zone.node for zone in zones}) > 1:
        yield "the balloon is taken to start on the first node"
    if any(zone.counts is None for zone in zones):
        yield "no text here counts the blocks of every zone: there one chunk a page is possible"
