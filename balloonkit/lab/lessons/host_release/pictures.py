"""Charts of host release: where a chunk of guest memory is, and how the resident set falls."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from balloonkit.lab.lessons.host_release.model import Run
from balloonkit.lab.view.palette import ORANGE, PATH_LOOKS, SKY, VERMILLION
from balloonkit.ram_layout import RamRange

__all__ = ["draw_release_calls", "draw_resident_fall", "draw_translation"]

_RAM, _CHUNK, _REFUSED = SKY, ORANGE, VERMILLION
_GIB = 1 << 30


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
    figure = Figure(figsize=(5.2, 3), dpi=90)
    axes = figure.add_axes((0.01, 0.16, 0.98, 0.82))
    end = regions[-1].gpa + regions[-1].size_bytes
    axes.add_patch(Rectangle((0, 2), end / _GIB, 0.7, fill=False, hatch="xx", edgecolor="#888888"))
    axes.text(0, 3.25, "guest physical addresses", fontweight="bold")
    axes.text(0, -0.72, "the same memory in the host's mapping", fontweight="bold")
    offset = 0
    for index, (gpa, size_bytes) in enumerate(regions):
        for at, y in ((gpa, 2.0), (offset, 0.0)):
            _block(axes, at, size_bytes, y, _RAM, "")
            middle = (at + size_bytes / 2) / _GIB
            text = f"region {index}: {size_bytes / _GIB:g} GiB"
            axes.text(middle, y + (0.8 if y else -0.27), text, ha="center", fontsize=9)
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
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xticks(range(int(end / _GIB) + 1))
    axes.set_xlabel("GiB")
    return figure


def draw_resident_fall(runs: Sequence[Run], total_bytes: int) -> Figure:
    """Draw the resident set of each run over time."""
    measured = runs[0].measured
    who = "counted by the kernel" if measured else "MODELLED, no real memory"
    figure, axes = _chart(f"Resident set, {who}")
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
    figure, axes = _chart("Time in madvise, MEASURED" if measured else "madvise calls, MODELLED")
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


def _chart(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, 2.9), dpi=90)
    axes = figure.add_axes((0.12, 0.18, 0.86, 0.69))
    axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _block(axes: Axes, start: float, width: float, y: float, colour: str, hatch: str) -> None:
    corner = (start / _GIB, y)
    box = Rectangle(corner, width / _GIB, 0.7, facecolor=colour, hatch=hatch, edgecolor="#000001")
    axes.add_patch(box)
