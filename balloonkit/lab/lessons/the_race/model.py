"""Inputs of the race lab, and what they make of the paths: counts, prices, a real run."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import traitlets

from balloonkit.costs import COSTS_2017, Costs, Counts
from balloonkit.guest import Guest
from balloonkit.lab.lessons.host_release.model import SIZES, best_size, can_measure
from balloonkit.machine import Machine
from balloonkit.path_counts import BITS, INFLATE_GIB, PageCounts, block_counts
from balloonkit.race import HostKind, Race, run_race
from balloonkit.units import parse_size
from balloonkit.wire import Format
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = ["BUFFERS", "SWEEP", "MeasuredModel", "RaceModel"]

#: Guests of the sweep: from freshly booted to a checkerboard.
SWEEP = tuple(step / 20 for step in range(21))
#: Chunks that fit into a buffer of so many 4 KiB pages, behind the 8 bytes of the count.
BUFFERS = {pages: (pages * 4096 - 8) // 16 for pages in (1, 2, 4, 8)}


class RaceModel(traitlets.HasTraits):
    """What is raced, and what a kick costs."""

    inflate_gib = traitlets.Int(7, min=INFLATE_GIB[0], max=INFLATE_GIB[-1])
    fragmentation = traitlets.Float(0.0, min=0, max=1)
    kick_percent = traitlets.Int(100, min=0, max=200)
    bits = traitlets.Enum(BITS, BITS[-1])
    join = traitlets.Bool(True)
    max_chunks = traitlets.Enum(tuple(BUFFERS.values()), MAX_CHUNKS)
    formats = traitlets.Tuple()  # of Format

    @property
    def costs(self) -> Costs:
        """Unit costs of 2017, but for the kick."""
        return replace(COSTS_2017, message_s=COSTS_2017.message_s * self.kick_percent / 100)

    @property
    def cut_bits(self) -> int | None:
        """Guest pages between two edges that cut a chunk; None when chunks are joined."""
        return None if self.join else self.bits

    def counts(self) -> dict[str, Counts]:
        """Return what each path counts on this guest."""
        paged = _page_counts(self.fragmentation)
        chunked = (self.inflate_gib, self.cut_bits, self.max_chunks)
        return {
            "classic": paged.classic(self.inflate_gib),
            "chunks": paged.chunks(*chunked),
            "chunks_block_alloc": _block_counts(self.fragmentation, *chunked),
        } | {
            own.name: _own_counts(own, self.fragmentation, self.inflate_gib) for own in self.formats
        }

    def sweep(self) -> list[tuple[Counts, Counts]]:
        """Return classic and chunks for each guest of `SWEEP`."""
        gib = self.inflate_gib
        return [
            (paged.classic(gib), paged.chunks(gib, self.cut_bits, self.max_chunks))
            for paged in map(_page_counts, SWEEP)
        ]


class MeasuredModel(traitlets.HasTraits):
    """A guest whose memory is real."""

    size = traitlets.Enum(SIZES)
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    formats = traitlets.Tuple()  # of Format

    def __init__(self, **inputs: object) -> None:
        super().__init__(**({"size": min(best_size(), "128MiB", key=parse_size)} | inputs))

    def race(self) -> Race:
        """Inflate by seven eighths on every path; with a model where nothing can be measured."""
        host: HostKind = "madvise" if can_measure() else "model"
        formats = [own for own in self.formats if own not in self.left_out]
        guest = Guest.aged(self.size, self.fragmentation, seed=1)
        return run_race(guest, guest.size_bytes // 8 * 7, host, formats=formats)

    @property
    def left_out(self) -> tuple[Format, ...]:
        """Formats written in a notebook's cell: a device in another process cannot import them."""
        own: Iterator[Format] = (own for own in self.formats if type(own).__module__ == "__main__")
        return tuple(own) if can_measure() else ()


@lru_cache(maxsize=2)
def _guest(fragmentation: float) -> Guest:
    return Guest.aged("8GiB", fragmentation, seed=1)


@lru_cache(maxsize=64)
def _page_counts(fragmentation: float) -> PageCounts:
    return PageCounts.of(_guest(fragmentation))


@lru_cache(maxsize=16)
def _own_counts(own: Format, fragmentation: float, inflate_gib: int) -> Counts:
    """Run the machine: nothing is known of a learner's format but what it does."""
    with Machine(_guest(fragmentation).copy(), format=own) as machine:
        return machine.inflate(f"{inflate_gib}GiB").counts


@lru_cache(maxsize=64)
def _block_counts(
    fragmentation: float, inflate_gib: int, bits: int | None, max_chunks: int
) -> Counts:
    return block_counts(_guest(fragmentation), inflate_gib, bits, max_chunks)
