"""Pictures of the race: stages as bars, the published ones, and where chunks stop paying."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S, PAID_BY, Counts, Stages
from balloonkit.lab.lessons.the_race.model import (
    SWEEP,
    MeasuredRace,
    PricedRace,
    PricedSweep,
    break_even,
)
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import BLUE, PATH_LOOKS, STAGE_LOOKS, VERMILLION, path_label
from balloonkit.lab.view.table import Table, TableCell, ms, ratio
from balloonkit.path_counts import GIB_PAGES
from balloonkit.paths import label_of
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size

__all__ = ["show_measured", "show_race", "show_sweep"]

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
#: Pages of 7 GiB: what the figures of 2017 are for.
_PUBLISHED_PAGES = 7 * GIB_PAGES
#: A bar and the line of text above it.
_BAR_HEIGHT, _TEXT_ABOVE = 0.46, 0.28
#: A stage that takes this share of the axis has its number written into it.
_LETTERED = 0.025


def show_race(race: PricedRace) -> Drawing:
    """Draw where the time of each path goes, beside the figures of 2017."""
    counts, stages = race.counts, race.stages
    saved = 1 - stages["chunks"].total / stages["classic"].total
    given = counts["classic"].pages
    verdict = f"Chunks save {saved:.0%} of the classic time"
    if saved > 0:
        verdict += f"; shares of this gain: {_parts(stages['classic'], stages['chunks'])}"
    if given < race.inflate_gib * GIB_PAGES:
        gave = format_size(given * BALLOON_PAGE_BYTES)
        verdict += f"; the guest ran out of pages and gave {gave} of {race.inflate_gib} GiB"
    longest_s = max([CLASSIC_2017_S.total, *(seconds.total for seconds in stages.values())])
    panes = [
        draw_race("MODEL: what this guest counts, priced", stages, _notes(counts), longest_s),
        draw_published(longest_s),
    ]
    return panes, _race_table(race, verdict)


def show_sweep(sweep: PricedSweep) -> Drawing:
    """Draw from which fragmentation on chunks lose, in time and in bytes."""
    times, sizes = sweep.time_ratio, sweep.bytes_ratio
    marks = [break_even(SWEEP, times), break_even(SWEEP, sizes)]
    (classic_s, chunks_s), (_, chunks) = sweep.seconds[-1], sweep.counts[-1]
    slack_ns = (classic_s - chunks_s) / chunks.pages * 1e9
    verdicts = [
        _verdict("Time", times, marks[0]),
        _verdict("Bytes", sizes, marks[1]),
        f"Assumed: sending is paid by {PAID_BY[sweep.price]}",
        f"Filling bitmaps is not priced; were it {max(slack_ns, 0):,.0f} ns a page, nothing "
        f"would be left of the gain at the checkerboard",
    ]
    rows: list[list[TableCell]] = [
        [
            ratio(SWEEP[at]),
            classic.pages,
            chunks.entries,
            classic.messages,
            chunks.messages,
            ms(sweep.seconds[at][0]),
            ms(sweep.seconds[at][1]),
            ratio(times[at]),
            ratio(sizes[at]),
        ]
        for at, (classic, chunks) in enumerate(sweep.counts)
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
    panes = [
        draw_ratio("Model time", SWEEP, times, marks[0]),
        draw_ratio("Bytes sent", SWEEP, sizes, marks[1]),
    ]
    return panes, Table(". ".join(verdicts) + ".", head, rows)


def show_measured(measured: MeasuredRace) -> Drawing:
    """Draw a race that ran here."""
    race = measured.race
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
        for own in measured.left_out
    ]
    counts = {path: report.counts for path, report in race.reports.items()}
    rows = _count_rows(counts)
    rows += [
        [f"{stage}, ms", *(ms(s.as_dict()[stage], 1) for s in stages.values())]
        for stage in stages["classic"].as_dict()
    ]
    head = [race.guest, *(path_label(path) for path in stages)]
    longest_s = max(seconds.total for seconds in stages.values())
    pane = draw_race(title, stages, _notes(counts), longest_s)
    return [pane], Table("; ".join((verdict, *race.remarks, *unheard)), head, rows)


def _race_table(race: PricedRace, verdict: str) -> Table:
    rows = [
        [*row, *([_PUBLISHED_PAGES] * 2 if row[0] == "pages" else ["", ""])]
        for row in _count_rows(race.counts)
    ]
    for stage, published_s in CLASSIC_2017_S.as_dict().items():
        chunks = "not published"
        if stage == "total":
            chunks = f"about {ms(CHUNKS_TOTAL_2017_S)}"
        priced = (ms(seconds.as_dict()[stage]) for seconds in race.stages.values())
        rows.append([f"{stage}, ms", *priced, ms(published_s), chunks])
    head = ["", *(f"model: {label_of(path)}" for path in race.counts)]
    head += ["published 2017: classic", "published 2017: chunks"]
    paid = f"assumed: sending is paid by {PAID_BY[race.price]}"
    kick = f"a kick costs {race.costs.message_s * 1e6:.0f} µs"
    if race.costs.entry_s:
        kick += f", an entry {race.costs.entry_s * 1e6:.2f} µs"
    caption = f"{verdict} (model; {paid}; {kick})"
    return Table(caption, head, rows)


def _count_rows(counts: Mapping[str, Counts]) -> list[list[TableCell]]:
    return [
        [title, *(getattr(c, name) for c in counts.values())] for name, title in _COUNTED.items()
    ]


def _notes(counts: Mapping[str, Counts]) -> dict[str, str]:
    notes = {}
    for path, c in counts.items():
        notes[path] = counted(c.messages, "message")
        if c.refused_pages:
            notes[path] += f", {counted(c.refused_pages, 'page')} refused"
    return notes


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


def draw_race(
    title: str, stages: Mapping[str, Stages], notes: Mapping[str, str], longest_s: float
) -> Figure:
    """Draw the stages of each path as one bar.

    Parameters
    ----------
    title : str
        Whose time it is: model or measured, never both in one chart.
    notes : mapping of path to str
        What to say beside its name.
    longest_s : float
        Where the axis ends, so that charts side by side have one scale.
    """
    figure, axes = _bar_chart(title, len(stages), longest_s)
    for row, (path, seconds) in enumerate(stages.items()):
        _bar(axes, row, f"{path_label(path)}: {notes[path]}", seconds, with_legend=row == 0)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, 1.12), ncols=4, fontsize=9, frameon=False,
                handlelength=1.2, columnspacing=1.2)  # fmt: skip
    return figure


def draw_published(longest_s: float) -> Figure:
    """Draw what the proposal published, on the scale of the chart beside it."""
    figure, axes = _bar_chart("PUBLISHED in 2017: 7 GiB of an idle 8 GiB guest", 3, longest_s)
    _bar(axes, 0, "classic: 7,168 messages", CLASSIC_2017_S)
    total_ms = CHUNKS_TOTAL_2017_S * 1000
    axes.text(0, 1 - _TEXT_ABOVE, "chunks: the stages were not published", va="bottom")
    axes.barh(1, total_ms, height=_BAR_HEIGHT, color=PATH_LOOKS["chunks"].colour)
    _at_end(axes, total_ms, 1, f"about {total_ms:.0f} ms")
    source = "PAGE_CHUNKS v10, mail 3 of 6, 4 May 2017;\nmeasured by its authors on their machine"
    axes.text(0, 2, source, va="center", fontsize=9)
    return figure


def draw_ratio(
    title: str, fragmentation: Sequence[float], ratio: Sequence[float], mark: float | None
) -> Figure:
    """Draw chunks against classic over fragmentation: above the line at 1 chunks lose.

    Parameters
    ----------
    mark : float or None
        Fragmentation at which the ratio reaches 1, None where it does not.
    """
    figure, axes = new_chart(title, left=0.115)
    top = max(1.3, max(ratio) * 1.08)
    axes.axhspan(1, top, color=VERMILLION, alpha=0.16, linewidth=0)
    axes.axhline(1, color="black", linewidth=1)
    axes.text(0.985, 1 + top * 0.015, "above this line chunks lose", ha="right", va="bottom")
    axes.plot(fragmentation, ratio, color=BLUE, marker="o", markersize=4)
    if mark is not None:
        axes.axvline(mark, color=VERMILLION, linestyle="--")
        aside, side = (-5, "right") if mark > 0.6 else (5, "left")
        at, text = (mark, top * 0.9), f"break-even {mark:.2f}"
        axes.annotate(text, at, (aside, 0), textcoords="offset points", ha=side)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, top)
    axes.set_xlabel("fragmentation: share of odd pages in use")
    axes.set_ylabel("chunks / classic")
    axes.grid(axis="y", alpha=0.25)
    return figure


def _bar_chart(title: str, rows: int, longest_s: float) -> tuple[Figure, Axes]:
    height = 0.85 + 0.62 * rows
    # Between title and bars there is room for a line of the legend.
    bottom, top = 0.02, 1 - 0.68 / height
    title_y = 1 + 0.36 / height / (top - bottom)
    figure, axes = new_chart(title, height, 0.02, 0.98, bottom, top, title_y)
    axes.set_axis_off()  # the figures stand at the bars, and ticks cost a third of the drawing
    axes.set_xlim(0, max(longest_s, 1e-6) * 1200)
    axes.set_ylim(rows - 0.6, -0.75)
    return figure, axes


def _bar(axes: Axes, row: int, label: str, stages: Stages, with_legend: bool = False) -> None:
    axes.text(0, row - _TEXT_ABOVE, label, va="bottom")
    left = 0.0
    for name, look in STAGE_LOOKS.items():
        ms = getattr(stages, name) * 1000
        axes.barh(
            row,
            ms,
            left=left,
            height=_BAR_HEIGHT,
            color=look.colour,
            edgecolor="#000001",
            linewidth=0.5,
            label=look.label if with_legend else None,
        )
        if ms > axes.get_xlim()[1] * _LETTERED:
            middle = left + ms / 2
            axes.text(middle, row, look.label[0], ha="center", va="center", color="#000001")
        left += ms
    text = f"{left:,.0f} ms" if left >= 100 else f"{left:,.1f} ms"
    _at_end(axes, left, row, text)


def _at_end(axes: Axes, x: float, row: int, text: str) -> None:
    axes.annotate(text, (x, row), (5, 0), textcoords="offset points", va="center")
