"""Charts of a live guest: its resident set while something goes on, and calls against calls."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from balloonkit.lab.view.charts import new_chart
from balloonkit.lab.view.palette import GREEN, PATH_LOOKS

__all__ = ["draw_count_bars", "draw_madvise_calls", "draw_resident_over_time"]


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


def draw_madvise_calls(title: str, calls: Mapping[str, int], note: Mapping[str, str]) -> Figure:
    """Draw a number for each path as a bar, with what it is above it.

    Parameters
    ----------
    calls : mapping of path to int
        Keys of `PATH_LOOKS`.
    note : mapping of path to str
    """
    figure, axes = new_chart(title)
    draw_count_bars(axes, calls, note)
    return figure


def draw_count_bars(axes: Axes, calls: Mapping[str, int], note: Mapping[str, str]) -> None:
    """Draw the bars of `draw_calls` into a chart."""
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
