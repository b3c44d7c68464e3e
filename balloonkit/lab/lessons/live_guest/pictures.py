"""Pictures of a live guest: its memory, its resident set meanwhile, and calls against calls."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from balloonkit.lab.lessons.live_guest.drivers import DriverRun, TwoDrivers
from balloonkit.lab.lessons.live_guest.model import SeenGuest
from balloonkit.lab.view.charts import draw_order_bars, draw_runs, new_chart
from balloonkit.lab.view.close_up import magnified_pfn, whole_and_close_up
from balloonkit.lab.view.drawing import Drawing, Pane
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import GREEN, PATH_LOOKS
from balloonkit.lab.view.table import Table, TableCell, mib, seconds
from balloonkit.lab.view.zone_table import in_words, zone_table
from balloonkit.units import counted, format_size
from balloonkit.wire.pfn_array import PFN_BYTES

__all__ = ["show_balloon", "show_booted", "show_drivers", "show_fragmented", "show_replay"]

#: Bytes of a driver's first message that a table shows.
_SHOWN_BYTES = 16


def show_booted(seen: SeenGuest) -> Drawing:
    """Draw the memory of a guest that has just booted."""
    if seen.why_recorded:
        caption = f"RECORDED, no live guest here: {seen.why_recorded}. Instead: {seen.name}"
    else:
        caption = f"{seen.name}, booted in {seen.seconds:.1f} s"
        if seen.memory_bytes < seen.asked_bytes:
            caption += f" ({format_size(seen.asked_bytes)} do not fit into this machine)"
    pages = in_words(seen.zones, seen.look.states)
    return _memory(seen, f"{caption}, {format_size(seen.memory_bytes)}: {pages}")


def show_fragmented(seen: SeenGuest) -> Drawing:
    """Draw the memory of an aged guest, and its resident set meanwhile."""
    assert seen.aged is not None
    seed, kept = seen.aged
    caption = f"aged with seed {seed} in {seen.seconds:.1f} s, {kept} % of the files kept"
    if seen.why_recorded:
        caption = "RECORDED: it was aged before, so seed and share change nothing"
    panes, table = _memory(seen, f"{caption}: {in_words(seen.zones, seen.look.states)}")
    return [*panes, _resident(seen)], table


def show_balloon(seen: SeenGuest) -> Drawing:
    """Draw the memory of a guest whose balloon moved, and its resident set meanwhile."""
    given = seen.replay
    assert given is not None
    caption = f"{seen.memory_bytes - seen.look.left_bytes >> 20:,} MiB in the balloon"
    if given.pages:
        caption += (
            f"; since it was empty {given.pages:,} pages in {given.messages:,} messages, "
            f"{given.madvise_calls:,} madvise calls"
        )
    if given.pages and seen.samples and not seen.problem:
        first, last = (seen.samples[at][1] >> 20 for at in (0, -1))
        caption += f"; resident from {first:,} to {last:,} MiB in {seen.seconds:.1f} s"
    panes, table = _memory(seen, caption, picks="look_at")
    return [*panes, _resident(seen)], table


def show_replay(seen: SeenGuest) -> Drawing:
    """Draw the madvise calls of both paths, and the chunks by length."""
    given = seen.replay
    assert given is not None
    chunks = given.chunks
    caption = (
        f"{given.pages:,} pages given: {given.madvise_calls:,} madvise calls of QEMU, "
        f"{chunks.releases:,} with chunks; {given.messages:,} messages, {chunks.messages:,} "
        "with chunks"
    )
    if not given.pages:
        caption = "Nothing is given away: leave the guest less"
    figure, axes = new_chart("Pages given, by length of chunk")
    draw_runs(axes, given.chunk_pages, "chunk")
    calls = {"classic": given.madvise_calls, "chunks": chunks.releases}
    notes = {
        "classic": f"page by page: {given.messages:,} messages",
        "chunks": f"chunks: {chunks.messages:,} messages",
    }
    rows: list[list[TableCell]] = [
        ["page by page, counted in QEMU", given.pages, given.messages,
         given.pages * PFN_BYTES, given.madvise_calls],
        ["chunks, replayed", chunks.entries, chunks.messages, chunks.bytes, chunks.releases],
    ]  # fmt: skip
    head = ["path", "entries", "messages", "bytes", "madvise calls"]
    panes = [draw_count_bars("madvise calls", calls, notes), figure]
    return panes, Table(_in_context(seen, caption), head, rows)


def show_drivers(both: TwoDrivers) -> Drawing:
    """Draw a guest's memory under each driver, and the counts side by side."""
    runs = {"classic": both.classic, "chunks": both.chunks}
    maps = [
        PageMap.of(f"All memory, {path}", run.states, zones=both.zones)
        for path, run in runs.items()
    ]
    calls = {path: run.releases for path, run in runs.items()}
    notes = {path: f"{path}: {counted(run.messages, 'message')}" for path, run in runs.items()}
    figure = draw_count_bars("Releases: calls that give memory back", calls, notes)
    rows = [_driver_row(path, run) for path, run in runs.items()]
    return [*maps, figure], Table(_drivers_in_words(both), _DRIVER_HEAD, rows)


_DRIVER_HEAD = [
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


def _driver_row(path: str, run: DriverRun) -> list[TableCell]:
    return [
        path,
        run.pages,
        run.messages,
        run.entries,
        run.message_bytes,
        run.releases,
        None if run.freed_bytes is None else mib(run.freed_bytes),
        None if run.seconds is None else seconds(run.seconds),
        run.first_bytes[:_SHOWN_BYTES].hex(" ", 4),
    ]


def _drivers_in_words(both: TwoDrivers) -> str:
    size, classic, chunks = format_size(both.memory_bytes), both.classic, both.chunks
    saved = (
        f"{counted(classic.messages, 'message')} and {classic.releases:,} releases became "
        f"{chunks.messages:,} and {chunks.releases:,}"
    )
    if both.why_recorded:
        caption = f"REPLAYED, no driver of ours runs here: {' '.join(both.why_recorded.split())}. "
        caption += f"Instead: pages a recorded guest of {size} gave away: {saved}"
        return caption + ("; by blocks cannot be replayed" if both.by_blocks else "")
    caption = f"two guests of {size} on shared memory, aged alike: {saved}"
    if both.reloads:
        caption += "; the driver was loaded anew, into the guest as its last deflate left it: "
        caption += "what was not touched since frees nothing"
    if both.problem:
        caption = f"NOT DONE: {' '.join(both.problem.split())}. Before: {caption}"
    return caption


def _memory(seen: SeenGuest, caption: str, picks: str = "") -> tuple[list[Pane], Table]:
    """Draw the map and the free lists as the guest's kernel last told them."""
    zones, look = seen.zones, seen.look
    figure, axes = new_chart("Free memory by block size")
    draw_order_bars(axes, zones, look.blocks)
    at_pfn = magnified_pfn(seen.look_at, len(look.states))
    maps = whole_and_close_up(look.states, at_pfn, zones, picks=picks)
    table = zone_table(_in_context(seen, caption), zones, look.states, look.blocks)
    return [*maps, figure], table


def _resident(seen: SeenGuest) -> Figure:
    if seen.why_recorded:
        samples = [(0.0, seen.memory_bytes), (1.0, seen.look.left_bytes)]
        title = "RAM less balloon, as recorded"
        return draw_resident_over_time(title, samples, seen.memory_bytes)
    title = "Resident set of QEMU, MEASURED"
    return draw_resident_over_time(title, seen.samples, seen.memory_bytes)


def _in_context(seen: SeenGuest, caption: str) -> str:
    """Put what went wrong, and that a guest is recorded, before a caption."""
    if seen.problem:
        caption = f"NOT DONE: {' '.join(seen.problem.split())}. The guest now: {caption}"
    if seen.why_recorded and not caption.startswith("RECORDED"):
        caption = f"RECORDED: {caption}"
    return caption


def draw_resident_over_time(
    title: str, samples: Sequence[tuple[float, int]], memory_bytes: int
) -> Figure:
    """Draw a number of bytes over the seconds of one action, under the guest's RAM.

    Parameters
    ----------
    title : str
        Which bytes, and whether they were measured.
    samples : sequence of (seconds, bytes)
    """
    figure, axes = new_chart(title)
    at_s, resident = np.array(samples or [(0, 0)]).T
    axes.plot(at_s, resident / (1 << 20), color=GREEN, linewidth=2)
    axes.axhline(memory_bytes / (1 << 20), color="#888888", linewidth=0.8)
    at_share = axes.get_yaxis_transform()
    axes.text(0.02, memory_bytes / (1 << 20), "RAM of the guest", transform=at_share, va="bottom",
              fontsize=9)  # fmt: skip
    axes.set_ylim(0, memory_bytes * 1.15 / (1 << 20))
    axes.set_xlim(left=0)
    axes.set_ylabel("MiB")
    axes.set_xlabel("seconds since it began")
    axes.grid(axis="y", alpha=0.25)
    return figure


def draw_count_bars(title: str, calls: Mapping[str, int], note: Mapping[str, str]) -> Figure:
    """Draw a number for each path as a bar, with what it is above it.

    Parameters
    ----------
    calls : mapping of path to int
        Keys of `PATH_LOOKS`.
    note : mapping of path to str
    """
    figure, axes = new_chart(title)
    longest = max(*calls.values(), 1)
    for row, (path, n) in enumerate(calls.items()):
        look = PATH_LOOKS[path]
        axes.barh(row, n, height=0.42, color=look.colour)
        axes.text(0, row - 0.26, note[path], va="bottom")
        axes.text(n + longest * 0.015, row, f"{n:,}", va="center")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, longest * 1.2)
    axes.set_ylim(len(calls) - 0.6, -0.6)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return figure
