"""Lab 4, the race: classic against chunks against whole blocks, on 7 of 8 GiB.

>>> lab = RaceLab()
>>> view = lab.stages()  # four stages as bars, beside the figures of 2017
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import traitlets
from matplotlib.figure import Figure

from balloonkit.costs import (
    CHUNKS_TOTAL_2017_S,
    CLASSIC_2017_S,
    COSTS_2017,
    Costs,
    Counts,
    Stages,
)
from balloonkit.guest import Guest
from balloonkit.lab.race_charts import draw_race, draw_sweep
from balloonkit.lab.race_counts import BITS, GIB_PAGES, INFLATE_GIB, PageCounts, block_counts
from balloonkit.lab.view import Choice, LabView, Range, Switch, Table
from balloonkit.units import BALLOON_PAGE_BYTES, format_size
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = ["RaceLab", "RaceModel"]

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
        }

    def sweep(self) -> list[tuple[Counts, Counts]]:
        """Return classic and chunks for each guest of `SWEEP`."""
        gib = self.inflate_gib
        return [
            (paged.classic(gib), paged.chunks(gib, self.cut_bits, self.max_chunks))
            for paged in map(_page_counts, SWEEP)
        ]


class RaceLab:
    """Race the paths, and find where chunks stop paying.

    Attributes
    ----------
    model : RaceModel
        Inputs of `stages`; assign to it to move its controls.
    sweep_model : RaceModel
        Inputs of `sweep`, apart, so that a move redraws one picture.
    """

    def __init__(self) -> None:
        self.model = RaceModel()
        self.sweep_model = RaceModel()

    def stages(self) -> LabView:
        """Race three paths: where the time goes, in four stages, beside the figures of 2017."""
        controls = (
            *self._controls(),
            Range(
                "fragmentation",
                "fragmentation",
                0,
                1,
                0.05,
                "Share of odd pages in use: 0 is freshly booted, 1 a checkerboard.",
            ),
        )
        return LabView(self.model, controls, self._draw_stages, "Race")

    def sweep(self) -> LabView:
        """Race classic against chunks on 21 guests: at which fragmentation do chunks stop paying?"""
        return LabView(
            self.sweep_model, self._controls(), self._draw_sweep, "Where chunks stop paying"
        )

    def all(self) -> list[LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.stages(), self.sweep()]

    def _controls(self) -> tuple[Choice | Range | Switch, ...]:
        ms = COSTS_2017.message_s * 1000
        return (
            Range("inflate_gib", "inflate", INFLATE_GIB[0], INFLATE_GIB[-1], 1, unit=" GiB"),
            Range(
                "kick_percent",
                "cost of a kick",
                0,
                200,
                1,
                f"100 % is {ms * 1000:.0f} µs: what a message took in 2017, with its kick and wait.",
                " %",
            ),
            Choice(
                "max_chunks",
                "message buffer",
                [(f"{4 * pages} KiB: {n} chunks", n) for pages, n in BUFFERS.items()],
                "Room for the chunks of one message. The proposal has 32 KiB.",
            ),
            Switch("join", "join at edges", "A run that crosses a bitmap's edge stays one chunk."),
            Choice(
                "bits",
                "bitmap",
                [(f"{n:,} bits: {format_size(n * BALLOON_PAGE_BYTES)}", n) for n in BITS],
                "Only an edge can cut a run, so it matters only when runs are not joined.",
            ),
        )

    def _draw_stages(self) -> tuple[Figure, Table]:
        model = self.model
        counts = model.counts()
        stages = {path: model.costs.stages(c) for path, c in counts.items()}
        saved = 1 - stages["chunks"].total / stages["classic"].total
        given = counts["classic"].pages
        asked = model.inflate_gib * GIB_PAGES
        verdict = f"Chunks save {saved:.0%} of the classic time"
        if given < asked:
            gave = format_size(given * BALLOON_PAGE_BYTES)
            verdict += f"; the guest ran out of pages and gave {gave} of {model.inflate_gib} GiB"
        return draw_race(stages, verdict), _stages_table(counts, stages, verdict, model.costs)

    def _draw_sweep(self) -> tuple[Figure, Table]:
        pairs = self.sweep_model.sweep()
        costs = self.sweep_model.costs
        times = [
            (costs.stages(classic).total, costs.stages(chunks).total) for classic, chunks in pairs
        ]
        time_ratio = [chunks / classic for classic, chunks in times]
        bytes_ratio = [chunks.bytes / classic.bytes for classic, chunks in pairs]
        marks = [break_even(SWEEP, time_ratio), break_even(SWEEP, bytes_ratio)]
        verdicts = [
            _verdict("Time", time_ratio, marks[0]),
            _verdict("Bytes", bytes_ratio, marks[1]),
        ]
        rows = [
            [
                f"{fragmentation:.2f}",
                f"{classic.pages:,}",
                f"{chunks.entries:,}",
                f"{classic.messages:,}",
                f"{chunks.messages:,}",
                f"{classic_s * 1000:,.0f}",
                f"{chunks_s * 1000:,.0f}",
                f"{chunks_s / classic_s:.2f}",
                f"{chunks.bytes / classic.bytes:.2f}",
            ]
            for fragmentation, (classic, chunks), (classic_s, chunks_s) in zip(
                SWEEP, pairs, times, strict=True
            )
        ]
        head = (
            "fragmentation",
            "pages",
            "chunks",
            "messages, classic",
            "messages, chunks",
            "classic, model ms",
            "chunks, model ms",
            "time ratio",
            "bytes ratio",
        )
        picture = draw_sweep(SWEEP, time_ratio, bytes_ratio, marks, verdicts)
        return picture, Table(". ".join(verdicts) + ".", head, rows)


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


def _verdict(what: str, ratio: Sequence[float], mark: float | None) -> str:
    if mark is None:
        return f"{what}: chunks never lose; {ratio[-1]:.0%} at the checkerboard"
    return f"{what}: chunks stop paying at fragmentation {mark:.2f}"


def _stages_table(
    counts: dict[str, Counts], stages: dict[str, Stages], verdict: str, costs: Costs
) -> Table:
    names = ("allocations", "messages", "bytes", "translations", "releases")
    rows = [["pages", *(f"{c.pages:,}" for c in counts.values()), "1,835,008", "1,835,008"]]
    rows += [[name, *(f"{getattr(c, name):,}" for c in counts.values()), "", ""] for name in names]
    published = CLASSIC_2017_S.as_dict()
    for stage in published:
        shown = [f"{s.as_dict()[stage] * 1000:,.0f}" for s in stages.values()]
        chunks_ms = (
            f"about {CHUNKS_TOTAL_2017_S * 1000:.0f}" if stage == "total" else "not published"
        )
        rows.append([f"{stage}, ms", *shown, f"{published[stage] * 1000:,.0f}", chunks_ms])
    head = ["", "model: classic", "model: chunks", "model: chunks, by blocks"]
    head += ["published 2017: classic", "published 2017: chunks"]
    caption = f"{verdict} (model; a kick costs {costs.message_s * 1e6:.0f} µs)"
    return Table(caption, head, rows)


@lru_cache(maxsize=2)
def _guest(fragmentation: float) -> Guest:
    return Guest.aged("8GiB", fragmentation, seed=1)


@lru_cache(maxsize=64)
def _page_counts(fragmentation: float) -> PageCounts:
    return PageCounts.of(_guest(fragmentation))


@lru_cache(maxsize=64)
def _block_counts(
    fragmentation: float, inflate_gib: int, bits: int | None, max_chunks: int
) -> Counts:
    return block_counts(_guest(fragmentation), inflate_gib, bits, max_chunks)
