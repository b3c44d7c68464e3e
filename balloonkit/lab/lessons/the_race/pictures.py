"""Charts of the race: stages as bars, the published ones, and where chunks stop paying."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S, Stages
from balloonkit.lab.view.palette import BLUE, PATH_LOOKS, STAGE_LOOKS, VERMILLION, path_label

__all__ = ["draw_published", "draw_race", "draw_ratio"]

#: A bar and the line of text above it.
_BAR_HEIGHT, _TEXT_ABOVE = 0.46, 0.28
#: A stage that takes this share of the axis has its number written into it.
_LETTERED = 0.025


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
    figure, axes = _chart(title, height=3.1)
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


def _chart(title: str, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, height), dpi=90)
    axes = figure.add_axes((0.115, 0.5 / height, 0.865, 1 - 0.9 / height))
    figure.text(0.01, 1 - 0.2 / height, title, fontsize=11, fontweight="bold", va="center")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _bar_chart(title: str, rows: int, longest_s: float) -> tuple[Figure, Axes]:
    height = 0.85 + 0.62 * rows
    figure, axes = _chart(title, height)
    axes.set_position((0.02, 0.02, 0.96, 1 - 0.7 / height))
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
