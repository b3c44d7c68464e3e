"""Pictures of host release: where a chunk is, larger host pages, and how the resident set falls."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from balloonkit.lab.lessons.host_release.model import HostPages, RealRuns, Run, Translation
from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import ORANGE, PAGE_LOOKS, PATH_LOOKS, SKY, VERMILLION, Look
from balloonkit.lab.view.table import Table, TableCell, hexadecimal, ms, size
from balloonkit.ram_layout import RamRange
from balloonkit.units import PFN_SHIFT, counted, format_size

__all__ = ["show_host_pages", "show_real", "show_translation"]

_RAM, _CHUNK, _REFUSED = SKY, ORANGE, VERMILLION
_GIB = 1 << 30
_NAMES_IN_A_ROW = 6
#: A guest page on a host with larger pages.
IN_USE, WAITS, RELEASED = 1, 2, 3
HOST_PAGE_LOOKS = (
    PAGE_LOOKS[0],
    PAGE_LOOKS[1],
    Look("in the balloon, waits for its neighbours", ORANGE, "W", "//"),
    Look("released", "#DDDDDD", "-", ""),
)


def show_translation(done: Translation) -> Drawing:
    """Draw where a chunk goes, or that it is refused."""
    pfn, pages = done.chunk
    if done.pieces:
        calls = counted(done.handled.releases, "madvise call")
        verdict = f"{counted(pages, 'page')} released by {calls}"
        if len(done.pieces) > 1:
            verdict += ": the chunk crosses from one region into the next and is split"
    else:
        verdict = f"Refused, nothing is touched: {done.handled.rejections[0].reason.value}"
    in_bytes = [(p << PFN_SHIFT, h << PFN_SHIFT, n << PFN_SHIFT) for p, h, n in done.pieces]
    chunk = (pfn << PFN_SHIFT, pages << PFN_SHIFT)
    figure = draw_translation(done.regions, chunk, in_bytes)
    rows: list[list[TableCell]] = [
        [*_address(pfn), pages, *_address(host)] for pfn, host, pages in done.pieces
    ] or [[*_address(pfn), pages, "refused", "refused"]]
    head = ["PFN", "guest physical address", "pages", "host page", "offset in the mapping"]
    return [figure], Table(verdict, head, rows)


def show_host_pages(told: HostPages) -> Drawing:
    """Draw each guest page of a host with larger pages, a frame around each host page."""
    ballooned, resident, parts = told.ballooned, told.resident, told.parts
    whole = ballooned.reshape(-1, parts)
    released = np.array([not part.any() for part in resident.reshape(-1, parts)])
    waiting = int((ballooned & resident).sum())
    verdict = (
        f"{ballooned.sum()} of {len(ballooned)} pages ballooned: {released.sum()} of "
        f"{len(released)} host pages released, {waiting} ballooned pages wait"
    )
    rows: list[list[TableCell]] = [
        [
            index,
            index * parts,
            f"{part.sum()} of {parts}",
            "released" if gone else "resident",
        ]
        for index, (part, gone) in enumerate(zip(whole, released, strict=True))
    ]
    head = ["host page", "first PFN", "parts in the balloon", "host memory"]
    states = np.where(ballooned, np.where(resident, WAITS, RELEASED), IN_USE).astype(np.uint8)
    page_map = PageMap.of(
        "Guest pages of 4 KiB; a frame is one host page",
        states,
        HOST_PAGE_LOOKS,
        columns=16,
        frames=tuple((first, parts) for first in range(0, len(ballooned), parts)),
        letters=True,
    )
    return [page_map], Table(verdict, head, rows)


def show_real(real: RealRuns) -> Drawing:
    """Draw the resident set of both paths, and what their releases took."""
    runs = real.runs
    rows: list[list[TableCell]] = [
        ["4 KiB pages told", *(r.pages for r in runs)],
        ["messages", *(r.messages for r in runs)],
        ["madvise calls", *(r.releases for r in runs)],
        ["resident before", *(size(r.samples[0][1]) for r in runs)],
        ["resident after", *(size(r.samples[-1][1]) for r in runs)],
    ]
    if runs[0].measured:
        rows.append(["ms in madvise, measured", *(ms(r.release_s, 1) for r in runs)])
    table = Table(_verdict(runs), ["", *(r.path for r in runs)], rows)
    return [draw_resident_fall(runs, real.total_bytes), draw_release_calls(runs)], table


def _address(number: int) -> tuple[TableCell, TableCell]:
    """Write a page's number, and the address of its first byte."""
    return hexadecimal(number), hexadecimal(number << PFN_SHIFT)


def _verdict(runs: Sequence[Run]) -> str:
    classic, chunks = runs
    if not classic.measured:
        return "Modelled: no process with real memory can be started here"
    before, after = (format_size(chunks.samples[at][1]) for at in (0, -1))
    times = classic.release_s / chunks.release_s
    return (
        f"Resident set from {before} to {after}. {classic.releases:,} calls for pages, "
        f"{chunks.releases:,} for chunks: {times:.1f} times as fast"
    )


def draw_translation(
    regions: Sequence[RamRange],
    chunk: tuple[int, int],
    pieces: Sequence[tuple[int, int, int]],
) -> Figure:
    """Draw the guest's addresses above, the host's mapping below, and where a chunk goes.

    Parameters
    ----------
    chunk : tuple of int
        First guest physical address and length, in bytes.
    pieces : sequence of (address, offset, length)
        What is released: empty when the chunk is refused. In bytes; the offset is in the mapping.
    """
    figure, axes = new_chart(height=3, left=0.01, right=0.99, bottom=0.16, top=0.98)
    end = regions[-1].gpa + regions[-1].size_bytes
    axes.add_patch(Rectangle((0, 2), end / _GIB, 0.7, fill=False, hatch="xx", edgecolor="#888888"))
    axes.text(0, 3.25, "guest physical addresses", fontweight="bold")
    axes.text(0, -0.72, "the same memory in the host's mapping", fontweight="bold")
    offset = 0
    for index, (gpa, size_bytes) in enumerate(regions):
        for at, y in ((gpa, 2.0), (offset, 0.0)):
            _block(axes, at, size_bytes, y, _RAM, "")
            text = f"region {index}: {size_bytes / _GIB:g} GiB"
            # A name wider than its region ends where that ends, or it would leave the picture.
            wide = size_bytes > end / _NAMES_IN_A_ROW
            x, side = (at + size_bytes / 2, "center") if wide else (at + size_bytes, "right")
            axes.text(x / _GIB, y + (0.8 if y else -0.27), text, ha=side, fontsize=9)
        offset += size_bytes
    for below, above in pairwise(regions):
        edge = below.gpa + below.size_bytes
        if edge < above.gpa:
            middle = (edge + above.gpa) / 2 / _GIB
            axes.text(middle, 2.8, "no RAM", ha="center", fontsize=9)
    # A chunk of a few pages would be thinner than a pixel: it is drawn at least this wide.
    least = end / 300
    colour = _CHUNK if pieces else _REFUSED
    _block(axes, chunk[0], max(chunk[1], least), 2.0, colour, "//" if pieces else "xx")
    if not pieces:
        axes.text(sum(chunk) / _GIB, 1.6, "refused", ha="right", fontweight="bold")
    for gpa, start, length in pieces:
        width = max(length, least)
        _block(axes, start, width, 0.0, _CHUNK, "//")
        corners = [(gpa, 2.0), (gpa + width, 2.0), (start + width, 0.7), (start, 0.7)]
        outline = [(x / _GIB, y) for x, y in corners]
        axes.add_patch(Polygon(outline, facecolor=_CHUNK, alpha=0.3, linewidth=0))
    axes.set_xlim(-0.1, max(end, chunk[0] + chunk[1]) / _GIB + 0.3)
    axes.set_ylim(-0.85, 3.55)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks(range(int(end / _GIB) + 1))
    axes.set_xlabel("GiB")
    return figure


def draw_resident_fall(runs: Sequence[Run], total_bytes: int) -> Figure:
    """Draw the resident set of each run over time."""
    measured = runs[0].measured
    who = "counted by the kernel" if measured else "MODELLED, no real memory"
    figure, axes = new_chart(f"Resident set, {who}")
    for run, marker in zip(runs, ("o", "s"), strict=True):
        look = PATH_LOOKS[run.path]
        at_s, resident = np.array(run.samples).T
        axes.plot(
            at_s * 1000,
            resident / (1 << 20),
            color=look.colour,
            marker=marker,
            markersize=4,
            label=look.label,
        )
    axes.set_ylim(0, total_bytes * 1.08 / (1 << 20))
    axes.set_xlim(left=0)
    axes.set_ylabel("MiB")
    axes.set_xlabel("ms since the first message, reading the set included")
    axes.legend(fontsize=9, frameon=False)
    axes.grid(axis="y", alpha=0.25)
    return figure


def draw_release_calls(runs: Sequence[Run]) -> Figure:
    """Draw the measured time inside madvise, or without real memory the number of calls."""
    measured = runs[0].measured
    figure, axes = new_chart("Time in madvise, MEASURED" if measured else "madvise calls, MODELLED")
    for row, run in enumerate(runs):
        look = PATH_LOOKS[run.path]
        value = run.release_s * 1000 if measured else run.releases
        axes.barh(row, value, height=0.5, color=look.colour)
        axes.text(0, row - 0.3, f"{look.label}: {run.releases:,} calls", va="bottom")
        if measured:
            end = f"{value:,.1f} ms"
            axes.annotate(end, (value, row), (5, 0), textcoords="offset points", va="center")
    axes.set_xlim(right=axes.get_xlim()[1] * 1.2)
    axes.set_ylim(1.6, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("ms, called from Python" if measured else "calls")
    return figure


def _block(axes: Axes, start: float, width: float, y: float, colour: str, hatch: str) -> None:
    corner = (start / _GIB, y)
    box = Rectangle(corner, width / _GIB, 0.7, facecolor=colour, hatch=hatch, edgecolor="#000001")
    axes.add_patch(box)
