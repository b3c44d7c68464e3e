"""The picture of one guest with two drivers: its memory under each, and the counts side by side."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from balloonkit.lab.lessons.live_guest.drivers import BITMAPS, DriverRun, DriversModel
from balloonkit.lab.lessons.live_guest.pictures import draw_count_bars
from balloonkit.lab.lessons.the_race.model import BUFFERS
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.view import Choice, Fold, Pane, Switch, Table
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size

__all__ = ["CONTROLS", "draw_drivers", "driver_source"]

#: What the proposal's driver can be loaded with.
CONTROLS: Sequence[Choice | Switch] = (
    Choice(
        "max_chunks",
        "message buffer",
        [(f"{4 * pages} KiB: {n:,}", n) for pages, n in BUFFERS.items()],
        "Room for one message, and how many chunks fit. The proposal has 32 KiB.",
    ),
    Choice(
        "bitmap_bits",
        "one bitmap covers",
        [(format_size(bits * BALLOON_PAGE_BYTES), bits) for bits in BITMAPS],
        "A run of pages ends where its bitmap ends. The proposal has 1 GiB.",
    ),
    Switch("join", "join runs", "Across the edges of bitmaps, which the proposal does not."),
    Switch("by_blocks", "by blocks", "Allocate whole blocks of pages: the proposal's TODO."),
)

_SHOWN_BYTES = 16


def draw_drivers(model: DriversModel) -> tuple[list[Pane], Table]:
    """Run what is not run yet, and draw both."""
    runs = dict(zip(("classic", "chunks"), model.runs(), strict=True))
    maps = [
        PageMap.of(f"All memory, {path}", run.states, zones=model.zones)
        for path, run in runs.items()
    ]
    figure: Figure
    figure, axes = new_chart("Releases: calls that give memory back")
    draw_count_bars(
        axes,
        {path: run.releases for path, run in runs.items()},
        {path: f"{path}: {counted(run.messages, 'message')}" for path, run in runs.items()},
    )
    return [*maps, figure], Table(_caption(model, *runs.values()), _HEAD, _rows(runs))


_HEAD = [
    "driver",
    "pages",
    "messages",
    "entries",
    "bytes sent",
    "releases",
    "MiB freed",
    "seconds, emulated",
    "its first message begins",
]


def _rows(runs: dict[str, DriverRun]) -> list[list[str]]:
    rows = []
    for path, run in runs.items():
        numbers = (run.pages, run.messages, run.entries, run.message_bytes, run.releases)
        freed = "-" if run.freed_bytes is None else f"{run.freed_bytes / (1 << 20):,.1f}"
        seconds = "-" if run.seconds is None else f"{run.seconds:.2f}"
        first = run.first_bytes[:_SHOWN_BYTES].hex(" ", 4)
        rows.append([path, *(f"{n:,}" for n in numbers), freed, seconds, first])
    return rows


def _caption(model: DriversModel, classic: DriverRun, chunks: DriverRun) -> str:
    size = format_size(model.memory_bytes)
    saved = (
        f"{counted(classic.messages, 'message')} and {classic.releases:,} releases became "
        f"{chunks.messages:,} and {chunks.releases:,}"
    )
    if model.why_recorded:
        caption = f"REPLAYED, no driver of ours runs here: {' '.join(model.why_recorded.split())}. "
        caption += f"Instead: pages a recorded guest of {size} gave away: {saved}"
        return caption + ("; by blocks cannot be replayed" if model.by_blocks else "")
    caption = f"two guests of {size} on shared memory, aged alike: {saved}"
    if model.reloads:
        caption += "; the driver was loaded anew, into the guest as its last deflate left it: "
        caption += "what was not touched since frees nothing"
    if model.problem:
        caption = f"NOT DONE: {' '.join(model.problem.split())}. Before: {caption}"
    return caption


def driver_source() -> Fold:
    """Return the driver's source, file after file in reading order."""
    from balloonkit.live.driver import SOURCES

    parts = [f"==== {path.name} ====\n\n{path.read_text().expandtabs(4)}" for path in SOURCES]
    return Fold("The driver's source, in C", "\n".join(parts))
