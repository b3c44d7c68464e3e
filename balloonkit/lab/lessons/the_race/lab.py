"""Lab 4, the race: classic against chunks against whole blocks, on 7 of 8 GiB.

>>> lab = RaceLab()
>>> view = lab.stages()  # four stages as bars, beside the figures of 2017
"""

from collections.abc import Sequence

import numpy as np

from balloonkit.costs import (
    CHUNKS_TOTAL_2017_S,
    CLASSIC_2017_S,
    COSTS_2017,
    Costs,
    Counts,
    Stages,
)
from balloonkit.lab.lessons.host_release.model import SIZES
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.lessons.the_race.model import BUFFERS, SWEEP, MeasuredModel, RaceModel
from balloonkit.lab.lessons.the_race.pictures import draw_published, draw_race, draw_ratio
from balloonkit.lab.view.palette import path_label
from balloonkit.lab.view.view import Choice, LabView, Pane, Range, Switch, Table
from balloonkit.limits import fitting_sizes
from balloonkit.path_counts import BITS, GIB_PAGES, INFLATE_GIB
from balloonkit.paths import PATHS
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size, parse_size
from balloonkit.wire import Format

__all__ = ["RaceLab", "break_even"]

#: What is counted on each path, and what a table calls it.
_COUNTED = {
    "pages": "pages",
    "refused_pages": "refused pages",
    "released_pages": "released pages",
    "allocations": "allocations",
    "messages": "messages",
    "bytes": "bytes",
    "translations": "translations",
    "releases": "releases",
}


class RaceLab(QuestionsLab):
    """Race the paths, and find where chunks stop paying.

    Parameters
    ----------
    formats : sequence of Format
        Message formats of your own, to race beside the others under their names.

    Attributes
    ----------
    model : RaceModel
        Inputs of `stages`; assign to it to move its controls.
    sweep_model : RaceModel
        Inputs of `sweep`, apart, so that a move redraws one picture.
    measured_model : MeasuredModel
        Inputs of `measured`.
    """

    kinds = ("messages", "payer")

    def __init__(self, formats: Sequence[Format] = ()) -> None:
        super().__init__()
        self.model = RaceModel(formats=tuple(formats))
        self.sweep_model = RaceModel()
        self.measured_model = MeasuredModel(formats=tuple(formats))

    def stages(self) -> LabView:
        """Race the paths: where the time goes, in four stages, beside the figures of 2017."""
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
        """Race classic against chunks on 21 guests: from which fragmentation on do chunks lose?"""
        return LabView(
            self.sweep_model, self._controls(), self._draw_sweep, "Where chunks stop paying"
        )

    def measured(self) -> LabView:
        """Race on this machine, with real memory and a real clock, on a size that fits."""
        fitting = fitting_sizes(SIZES) or SIZES[:1]
        controls = (
            Choice(
                "size",
                "guest RAM",
                [(format_size(parse_size(size)), size) for size in fitting],
                "Real memory; only sizes that fit this machine are listed.",
            ),
            Range(
                "fragmentation",
                "fragmentation",
                0,
                1,
                0.05,
                "Share of odd pages in use. A move measures anew.",
            ),
        )
        return LabView(self.measured_model, controls, self._draw_measured, "Race on this machine")

    def all(self) -> list[LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.stages(), self.sweep(), self.measured()]

    def _controls(self) -> tuple[Choice | Range | Switch, ...]:
        us = COSTS_2017.message_s * 1e6
        return (
            Range("inflate_gib", "inflate", INFLATE_GIB[0], INFLATE_GIB[-1], 1, unit=" GiB"),
            Range(
                "kick_percent",
                "cost of a kick",
                0,
                200,
                1,
                f"100 % is {us:.0f} µs: what one message took in 2017, kick and wait included.",
                " %",
            ),
            Choice(
                "max_chunks",
                "message buffer",
                [(f"{4 * pages} KiB: {n:,}", n) for pages, n in BUFFERS.items()],
                "Room for one message, and how many chunks fit. The proposal has 32 KiB.",
            ),
            Switch("join", "join at edges", "A run that crosses a bitmap's edge stays one chunk."),
            Choice(
                "bits",
                "bitmap",
                [(f"{n:,} bits: {format_size(n * BALLOON_PAGE_BYTES)}", n) for n in BITS],
                "Only an edge can cut a run, so it matters only when runs are not joined.",
            ),
        )

    def _draw_stages(self) -> tuple[list[Pane], Table]:
        model = self.model
        counts = model.counts()
        stages = {path: model.costs.stages(c) for path, c in counts.items()}
        saved = 1 - stages["chunks"].total / stages["classic"].total
        given = counts["classic"].pages
        asked = model.inflate_gib * GIB_PAGES
        verdict = f"Chunks save {saved:.0%} of the classic time"
        if saved > 0:
            verdict += f"; shares of this gain: {_parts(stages['classic'], stages['chunks'])}"
        if given < asked:
            gave = format_size(given * BALLOON_PAGE_BYTES)
            verdict += f"; the guest ran out of pages and gave {gave} of {model.inflate_gib} GiB"
        longest_s = max([CLASSIC_2017_S.total, *(seconds.total for seconds in stages.values())])
        panes: list[Pane] = [
            draw_race("MODEL: what this guest counts, priced", stages, _notes(counts), longest_s),
            draw_published(longest_s),
        ]
        return panes, _stages_table(counts, stages, verdict, model.costs)

    def _draw_sweep(self) -> tuple[list[Pane], Table]:
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
        slack_ns = (times[-1][0] - times[-1][1]) / pairs[-1][1].pages * 1e9
        verdicts.append(
            f"Filling bitmaps is not priced; were it {max(slack_ns, 0):,.0f} ns a page, nothing "
            f"would be left of the gain at the checkerboard"
        )
        panes: list[Pane] = [
            draw_ratio("Model time", SWEEP, time_ratio, marks[0]),
            draw_ratio("Bytes sent", SWEEP, bytes_ratio, marks[1]),
        ]
        return panes, Table(". ".join(verdicts) + ".", head, rows)

    def _draw_measured(self) -> tuple[list[Pane], Table]:
        race = self.measured_model.race()
        stages = {path: race.seconds(path) for path in race.reports}
        if race.host == "madvise":
            saved = race.improvement("chunks")
            verdict = "Measured on this machine, guest and host in Python"
            if saved is not None:
                verdict += f": chunks save {saved:.0%} of the classic time"
            title = "MEASURED here, with real memory"
        else:
            verdict = "No real memory can be had here, so this is the model again"
            title = "MODEL, costs of 2017"
        unheard = [
            f"{own.name} is left out: write it in a module, as another process cannot import it"
            for own in self.measured_model.left_out
        ]
        verdict = "; ".join((verdict, *race.remarks, *unheard))
        counts = {path: report.counts for path, report in race.reports.items()}
        rows = _count_rows(counts)
        rows += [
            [f"{stage}, ms", *(f"{s.as_dict()[stage] * 1000:,.1f}" for s in stages.values())]
            for stage in stages["classic"].as_dict()
        ]
        head = [race.guest, *(path_label(path) for path in stages)]
        longest_s = max(seconds.total for seconds in stages.values())
        pane = draw_race(title, stages, _notes(counts), longest_s)
        return [pane], Table(verdict, head, rows)


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


def _notes(counts: dict[str, Counts]) -> dict[str, str]:
    notes = {}
    for path, c in counts.items():
        notes[path] = counted(c.messages, "message")
        if c.refused_pages:
            notes[path] += f", {counted(c.refused_pages, 'page')} refused"
    return notes


def _count_rows(counts: dict[str, Counts]) -> list[list[str]]:
    return [
        [title, *(f"{getattr(c, name):,}" for c in counts.values())]
        for name, title in _COUNTED.items()
    ]


def _parts(classic: Stages, chunks: Stages) -> str:
    """Say which share of the gain comes from which stage; the total must be a gain."""
    gain_s = classic.total - chunks.total
    parts = {
        stage: (classic_s - chunks.as_dict()[stage]) / gain_s
        for stage, classic_s in classic.as_dict().items()
        if stage != "total"
    }
    return ", ".join(f"{stage} {part:.0%}" for stage, part in parts.items())


def _verdict(what: str, ratio: Sequence[float], mark: float | None) -> str:
    if mark is None:
        return f"{what}: chunks never lose, and need {ratio[-1]:.0%} of classic at the checkerboard"
    return f"{what}: chunks stop paying at fragmentation {mark:.2f}"


def _stages_table(
    counts: dict[str, Counts], stages: dict[str, Stages], verdict: str, costs: Costs
) -> Table:
    published_pages = "1,835,008"
    rows = [
        [*row, *([published_pages] * 2 if row[0] == "pages" else ["", ""])]
        for row in _count_rows(counts)
    ]
    published = CLASSIC_2017_S.as_dict()
    for stage in published:
        shown = [f"{s.as_dict()[stage] * 1000:,.0f}" for s in stages.values()]
        chunks_ms = (
            f"about {CHUNKS_TOTAL_2017_S * 1000:.0f}" if stage == "total" else "not published"
        )
        rows.append([f"{stage}, ms", *shown, f"{published[stage] * 1000:,.0f}", chunks_ms])
    head = ["", "model: classic", "model: chunks", "model: chunks, by blocks"]
    head += [f"model: {path}" for path in counts if path not in PATHS]
    head += ["published 2017: classic", "published 2017: chunks"]
    caption = f"{verdict} (model; a kick costs {costs.message_s * 1e6:.0f} µs)"
    return Table(caption, head, rows)
