"""Inputs of the race lab, and what they make of the paths: counts, prices, a real run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import traitlets

from balloonkit.costs import PRICES, Costs, Counts, Price, Stages, costs_2017
from balloonkit.find import guest_of_paste
from balloonkit.guest import Guest
from balloonkit.lab.lessons.host_release.model import SIZES, best_size, can_measure
from balloonkit.lab.view.controls import BUFFERS
from balloonkit.machine import Machine
from balloonkit.path_counts import BITS, INFLATE_GIB, PageCounts, block_counts
from balloonkit.race import Race, run_race
from balloonkit.race_result import HostKind
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size
from balloonkit.wire import Format
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = [
    "SWEEP",
    "MeasuredModel",
    "MeasuredRace",
    "PricedRace",
    "PricedSweep",
    "RaceModel",
    "break_even",
]

#: Guests of the sweep: from freshly booted to a checkerboard.
SWEEP = tuple(step / 20 for step in range(21))


@dataclass(frozen=True)
class PricedRace:
    """What each path counts on one guest, and what that costs.

    Attributes
    ----------
    inflate_gib : int
        How much the guest was asked for.
    counts, stages : dict by path
    costs : Costs
        What was charged.
    price : {"message", "entry", "half"}
        What sending is assumed to be paid by.
    """

    inflate_gib: int
    counts: Mapping[str, Counts]
    stages: Mapping[str, Stages]
    costs: Costs
    price: Price = "message"


@dataclass(frozen=True)
class PricedSweep:
    """Classic against chunks on every guest of `SWEEP`.

    Attributes
    ----------
    counts : sequence of (classic, chunks)
    seconds : sequence of (classic, chunks)
        Model time.
    price : {"message", "entry", "half"}
        What sending is assumed to be paid by.
    """

    counts: Sequence[tuple[Counts, Counts]]
    seconds: Sequence[tuple[float, float]]
    price: Price = "message"

    @property
    def time_ratio(self) -> list[float]:
        """Chunks' time for one second of classic, guest by guest."""
        return [chunks / classic for classic, chunks in self.seconds]

    @property
    def bytes_ratio(self) -> list[float]:
        """Chunks' bytes for one byte of classic, guest by guest."""
        return [chunks.bytes / classic.bytes for classic, chunks in self.counts]


@dataclass(frozen=True)
class MeasuredRace:
    """A race, and which formats could not run in it."""

    race: Race
    left_out: tuple[Format, ...]


class RaceModel(traitlets.HasTraits):
    """What is raced, what sending is paid by, and what a kick costs."""

    inflate_gib = traitlets.Int(7, min=INFLATE_GIB[0], max=INFLATE_GIB[-1])
    fragmentation = traitlets.Float(0.0, min=0, max=1)
    kick_percent = traitlets.Int(100, min=0, max=200)
    price = traitlets.Enum(tuple(PRICES), "message")
    bits = traitlets.Enum(BITS, BITS[-1])
    join = traitlets.Bool(True)
    max_chunks = traitlets.Enum(tuple(BUFFERS.values()), MAX_CHUNKS)
    formats = traitlets.Tuple()  # of Format
    machine = traitlets.Unicode()

    @property
    def costs(self) -> Costs:
        """Unit costs of 2017 under this price, but for the kick."""
        costs = costs_2017(self.price)
        return replace(costs, message_s=costs.message_s * self.kick_percent / 100)

    @property
    def cut_bits(self) -> int | None:
        """Guest pages between two edges that cut a chunk; None when chunks are joined."""
        return None if self.join else self.bits

    def counts(self) -> dict[str, Counts]:
        """Return what each path counts on this guest."""
        paged = _page_counts(self.fragmentation, self.machine)
        chunked = (self.inflate_gib, self.cut_bits, self.max_chunks)
        return {
            "classic": paged.classic(self.inflate_gib),
            "classic_joined": paged.classic_joined(self.inflate_gib),
            "chunks": paged.chunks(*chunked),
            "chunks_block_alloc": _block_counts(self.fragmentation, self.machine, *chunked),
        } | {
            own.name: _own_counts(own, self.fragmentation, self.machine, self.inflate_gib)
            for own in self.formats
        }

    def race(self) -> PricedRace:
        """Count on every path, and price it."""
        counts, costs = self.counts(), self.costs
        stages = {path: costs.stages(c) for path, c in counts.items()}
        return PricedRace(self.inflate_gib, counts, stages, costs, self.price)

    def sweep(self) -> PricedSweep:
        """Count classic and chunks on each guest of `SWEEP`, and price them."""
        gib, costs = self.inflate_gib, self.costs
        pairs = [
            (paged.classic(gib), paged.chunks(gib, self.cut_bits, self.max_chunks))
            for paged in (_page_counts(fragmentation, "") for fragmentation in SWEEP)
        ]
        seconds = [
            (costs.stages(classic).total, costs.stages(chunks).total) for classic, chunks in pairs
        ]
        return PricedSweep(pairs, seconds, self.price)


class MeasuredModel(traitlets.HasTraits):
    """A guest whose memory is real."""

    size = traitlets.Enum(SIZES)
    fragmentation = traitlets.Float(0.1, min=0, max=1)
    formats = traitlets.Tuple()  # of Format

    def __init__(self, **inputs: object) -> None:
        super().__init__(**({"size": min(best_size(), "128MiB", key=parse_size)} | inputs))

    def race(self) -> MeasuredRace:
        """Inflate by seven eighths on every path; with a model where nothing can be measured."""
        host: HostKind = "madvise" if can_measure() else "model"
        formats = [own for own in self.formats if own not in self.left_out]
        guest = Guest.aged(self.size, self.fragmentation, seed=1)
        race = run_race(guest, guest.size_bytes // 8 * 7, host, formats=formats)
        return MeasuredRace(race, self.left_out)

    @property
    def left_out(self) -> tuple[Format, ...]:
        """Formats written in a notebook's cell: a device in another process cannot import them."""
        own: Iterator[Format] = (own for own in self.formats if type(own).__module__ == "__main__")
        return tuple(own) if can_measure() else ()


def break_even(places: Sequence[float], ratio: Sequence[float]) -> float | None:
    """Return the first place where `ratio` reaches 1 coming from below, on straight lines between.

    Examples
    --------
    >>> break_even([0, 1], [0.5, 1.5]), break_even([0, 1], [0.1, 0.9])
    (0.5, None)
    """
    values = np.asarray(ratio)
    above = np.flatnonzero(values >= 1)
    if not len(above):
        return None
    at = int(above[0])
    if at == 0:
        return float(places[0])
    return float(np.interp(1.0, values[at - 1 : at + 1], places[at - 1 : at + 1]))


@lru_cache(maxsize=2)
def _guest(fragmentation: float, machine: str) -> Guest:
    if machine.strip():
        guest = guest_of_paste(machine)
        if guest.page_bytes != BALLOON_PAGE_BYTES:
            raise ValueError(
                f"{guest.name}: pages of {format_size(guest.page_bytes)}, and this lesson counts "
                "pages of 4 KiB; balloonkit race --guest FILE takes any"
            )
        if not len(guest.copy().take(1)):
            raise ValueError(f"{guest.name}: it has not a page to give above its watermarks")
        return guest
    return Guest.aged("8GiB", fragmentation, seed=1)


@lru_cache(maxsize=64)
def _page_counts(fragmentation: float, machine: str) -> PageCounts:
    return PageCounts.of(_guest(fragmentation, machine))


@lru_cache(maxsize=16)
def _own_counts(own: Format, fragmentation: float, machine: str, inflate_gib: int) -> Counts:
    """Run the machine: nothing is known of a learner's format but what it does."""
    with Machine(_guest(fragmentation, machine).copy(), format=own) as raced:
        return raced.inflate(f"{inflate_gib}GiB").counts


@lru_cache(maxsize=64)
def _block_counts(
    fragmentation: float, machine: str, inflate_gib: int, bits: int | None, max_chunks: int
) -> Counts:
    return block_counts(_guest(fragmentation, machine), inflate_gib, bits, max_chunks)
