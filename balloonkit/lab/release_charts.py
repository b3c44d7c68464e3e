"""Pictures of host release: addresses, host pages, and the resident set over time."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon, Rectangle
from numpy.typing import NDArray

from balloonkit.lab.palette import BLUE, PATH_LOOKS
from balloonkit.lab.release_run import Run
from balloonkit.layout import RamRange

__all__ = ["draw_host_pages", "draw_runs", "draw_translation"]

ORANGE, RAM, IN_USE, RED = "#E69F00", "#CFE3F1", "#8C8C8C", "#B3261E"
EDGE = "#777777"
_GIB = 1 << 30


def draw_translation(
    regions: Sequence[RamRange],
    chunk: tuple[int, int],
    pieces: Sequence[tuple[int, int, int]],
    verdict: str,
) -> Figure:
    """Draw the guest's addresses above, the host's mapping below, and where a chunk goes.

    Parameters
    ----------
    chunk : tuple of int
        First guest physical address and length, in bytes.
    pieces : sequence of (gpa, offset, length)
        What is released: empty when the chunk is refused. In bytes; the offset is in the mapping.
    """
    figure = Figure(figsize=(10, 3.5), dpi=90)
    axes = figure.add_axes((0.13, 0.13, 0.855, 0.72))
    colour = ORANGE if pieces else RED
    figure.text(0.01, 0.94, verdict, fontsize=11, weight="bold", va="center")
    end = regions[-1].gpa + regions[-1].size_bytes
    axes.add_patch(Rectangle((0, 2), end / _GIB, 0.8, fill=False, hatch="xx", edgecolor="#999999"))
    offset = 0
    for index, (gpa, size_bytes) in enumerate(regions):
        for at, y in ((gpa, 2.0), (offset, 0.0)):
            axes.add_patch(
                Rectangle((at / _GIB, y), size_bytes / _GIB, 0.8, facecolor=RAM, edgecolor="black")
            )
            axes.text(
                (at + size_bytes / 2) / _GIB,
                y + (1.02 if y else -0.22),
                f"RAM region {index}: {size_bytes / _GIB:g} GiB",
                ha="center",
                va="center",
                fontsize=9,
            )
        offset += size_bytes
    for below, above in pairwise(regions):
        edge = below.gpa + below.size_bytes
        if edge < above.gpa:
            middle = (edge + above.gpa) / 2 / _GIB
            axes.text(middle, 3.02, "hole: no RAM", ha="center", va="center", fontsize=9)
    # A chunk of a few pages would be thinner than a pixel: it is drawn at least this wide.
    least = end / 400
    _block(axes, chunk[0], max(chunk[1], least), 2.0, colour, "//" if pieces else "xx")
    for gpa, start, length in pieces:
        width = max(length, least)
        _block(axes, start, width, 0.0, ORANGE, "//")
        corners = [(gpa, 2.0), (gpa + width, 2.0), (start + width, 0.8), (start, 0.8)]
        axes.add_patch(
            Polygon([(x / _GIB, y) for x, y in corners], facecolor=ORANGE, alpha=0.3, linewidth=0)
        )
    axes.set_xlim(-0.05, end / _GIB + 0.05)
    axes.set_ylim(-0.5, 3.3)
    axes.set_yticks([0.4, 2.4], ["host mapping\n(offset)", "guest physical\naddress"])
    axes.set_xticks(range(int(end / _GIB) + 1))
    axes.set_xlabel("GiB")
    return figure


def draw_host_pages(
    ballooned: NDArray[np.bool_], resident: NDArray[np.bool_], parts: int, verdict: str
) -> Figure:
    """Draw 64 guest pages of 4 KiB in rows of 16, with a frame around each host page.

    Parameters
    ----------
    ballooned, resident : arrays of bool, shape (64,)
    parts : int
        4 KiB pages in a host page.
    """
    columns = 16
    figure = Figure(figsize=(10, 3.2), dpi=90)
    axes = figure.add_axes((0.07, 0.12, 0.915, 0.66))
    figure.text(0.01, 0.93, verdict, fontsize=11, weight="bold", va="center")
    looks = (
        ("U  in use by the guest", IN_USE, "U", ""),
        ("W  in the balloon, but waits: host page not whole", ORANGE, "W", "//"),
        ("R  released", "#FFFFFF", "R", ""),
    )
    for pfn in range(len(ballooned)):
        kind = 0 if not ballooned[pfn] else 1 if resident[pfn] else 2
        _, colour, letter, hatch = looks[kind]
        corner = (pfn % columns, pfn // columns)
        axes.add_patch(
            Rectangle(
                corner, 1, 1, facecolor=colour, hatch=hatch, edgecolor="#777777", linewidth=0.4
            )
        )
        axes.text(
            corner[0] + 0.5,
            corner[1] + 0.5,
            letter,
            ha="center",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
        )
    for first in range(0, len(ballooned), parts):
        inside = (first % columns + 0.05, first // columns + 0.05)
        axes.add_patch(
            Rectangle(inside, parts - 0.1, 0.9, fill=False, edgecolor=BLUE, linewidth=2.2)
        )
    axes.set_xlim(-0.05, columns + 0.05)
    axes.set_ylim(len(ballooned) / columns + 0.05, -0.05)
    axes.set_xticks(np.arange(0, columns) + 0.5, [f"+{i}" for i in range(columns)], fontsize=8)
    axes.set_yticks(np.arange(len(ballooned) // columns) + 0.5, ["0", "16", "32", "48"])
    axes.set_ylabel("PFN")
    handles = [Patch(facecolor=c, hatch=h, edgecolor=EDGE, label=t) for t, c, _, h in looks]
    handles.append(Patch(facecolor="none", edgecolor=BLUE, linewidth=2, label="one host page"))
    axes.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=8,
        frameon=False,
    )  # fmt: skip
    return figure


def draw_runs(runs: Sequence[Run], total_bytes: int, verdict: str) -> Figure:
    """Draw the resident set of each run over time, and the time inside madvise."""
    figure = Figure(figsize=(10, 3.6), dpi=90)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    figure.subplots_adjust(left=0.075, right=0.985, top=0.8, bottom=0.14, wspace=0.28)
    figure.text(0.01, 0.95, verdict, fontsize=11, weight="bold", va="center")
    measured = runs[0].measured
    source = "kernel's count (smaps)" if measured else "MODELLED: books, no real memory"
    for run, marker in zip(runs, ("o", "s"), strict=True):
        look = PATH_LOOKS[run.path]
        at_s, resident = np.array(run.samples).T
        left.plot(
            at_s * 1000, resident / (1 << 20), color=look.colour, marker=marker, markersize=4,
            label=look.label, drawstyle="steps-post",
        )  # fmt: skip
    left.set_ylim(0, total_bytes * 1.08 / (1 << 20))
    left.set_xlim(left=0)
    left.set_ylabel("resident, MiB")
    left.set_xlabel("ms since the first message" + ("" if measured else " (books, not madvise)"))
    left.text(0, 1.03, f"Resident set, {source}", transform=left.transAxes, fontsize=9)
    left.legend(fontsize=8)
    left.grid(alpha=0.25)
    values = [run.release_s * 1000 if measured else run.releases for run in runs]
    looks = [PATH_LOOKS[run.path] for run in runs]
    right.barh(
        [run.path for run in runs],
        values,
        color=[look.colour for look in looks],
        hatch=[look.hatch for look in looks],
        edgecolor="white",
    )
    for row, (run, value) in enumerate(zip(runs, values, strict=True)):
        text = f" {value:,.1f} ms\n {run.releases:,} calls" if measured else f" {value:,}"
        right.text(value, row, text, va="center", fontsize=9)
    right.set_xlim(0, max(values) * 1.5)
    right.set_ylim(1.6, -0.6)
    title = "Time in madvise, MEASURED here" if measured else "madvise calls a host would make"
    right.text(0, 1.03, title, transform=right.transAxes, fontsize=9)
    right.set_xlabel("ms, calls made from Python" if measured else "calls")
    return figure


def _block(axes: Axes, start: float, width: float, y: float, colour: str, hatch: str) -> None:
    axes.add_patch(
        Rectangle(
            (start / _GIB, y), width / _GIB, 0.8, facecolor=colour, hatch=hatch, edgecolor="black"
        )
    )
