"""Pictures of the race: stages as bars beside the published ones, and where chunks stop paying."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S, Counts, Stages
from balloonkit.lab.palette import BLUE, PATH_LOOKS, STAGE_LOOKS

__all__ = ["draw_measured", "draw_race", "draw_sweep"]

_UNSPLIT = "#BBBBBB"


def draw_race(stages: Mapping[str, Stages], counts: Mapping[str, Counts], verdict: str) -> Figure:
    """Draw the model's stages of each path, and under them, apart, what was published in 2017."""
    figure = Figure(figsize=(10, 4.4), dpi=90)
    axes = figure.add_axes((0.27, 0.115, 0.715, 0.76))
    figure.text(0.01, 0.955, verdict, fontsize=11, weight="bold", va="center")
    model_rows = range(1, 1 + len(stages))
    header = len(stages) + 1.35
    classic_row, chunks_row = header + 0.9, header + 1.9
    _bars(axes, [*model_rows, classic_row], [*stages.values(), CLASSIC_2017_S])
    total_ms = CHUNKS_TOTAL_2017_S * 1000
    axes.barh([chunks_row], [total_ms], color=_UNSPLIT, edgecolor="black", linewidth=0.6)
    axes.text(total_ms, chunks_row, f"  about {total_ms:.0f} ms, stages not published", va="center")
    for row, text in (
        (0.2, "MODEL: what this guest counts, priced with the sliders"),
        (header, "PUBLISHED May 2017 (PAGE_CHUNKS v10 3/6): 7 GiB of an idle 8 GiB guest"),
    ):
        axes.text(0, row, f" {text}", fontsize=9, va="center", style="italic")
    axes.axhline(header - 0.5, color="black", linewidth=0.8)
    axes.set_yticks(
        [*model_rows, classic_row, chunks_row],
        [
            *(
                f"{PATH_LOOKS[path].label}\n{c.messages:,} messages, {c.entries:,} entries"
                for path, c in counts.items()
            ),
            "classic",
            "chunks",
        ],
        fontsize=9,
    )
    axes.set_ylim(chunks_row + 0.6, -0.3)
    longest_s = max([CLASSIC_2017_S.total, *(s.total for s in stages.values())])
    axes.set_xlim(0, longest_s * 1180)
    axes.set_xlabel("ms")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=8, frameon=False)
    return figure


def draw_measured(stages: Mapping[str, Stages], verdict: str, clock: str) -> Figure:
    """Draw the stages of each path on one clock, which the axis names."""
    figure = Figure(figsize=(10, 2.8), dpi=90)
    axes = figure.add_axes((0.22, 0.18, 0.765, 0.62))
    figure.text(0.01, 0.94, verdict, fontsize=11, weight="bold", va="center")
    _bars(axes, range(len(stages)), list(stages.values()))
    axes.set_yticks(range(len(stages)), [PATH_LOOKS[path].label for path in stages])
    axes.set_ylim(len(stages) - 0.4, -0.6)
    axes.set_xlim(0, max(s.total for s in stages.values()) * 1180)
    axes.set_xlabel(f"ms, {clock}")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=8, frameon=False)
    return figure


def draw_sweep(
    fragmentation: Sequence[float],
    time_ratio: Sequence[float],
    bytes_ratio: Sequence[float],
    marks: Sequence[float | None],
    verdicts: Sequence[str],
) -> Figure:
    """Draw chunks against classic over fragmentation: model time on the left, bytes on the right.

    Parameters
    ----------
    marks : sequence of float or None, length 2
        Fragmentation at which each ratio crosses 1, None where it does not.
    verdicts : sequence of str, length 2
        What each picture says, in words.
    """
    figure = Figure(figsize=(10, 3.7), dpi=90)
    pictures = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.92, bottom=0.135, wspace=0.2)
    labels = ("model time: chunks / classic", "bytes sent: chunks / classic")
    for axes, ratio, mark, verdict, label in zip(
        pictures, (time_ratio, bytes_ratio), marks, verdicts, labels, strict=True
    ):
        top = max(1.25, max(ratio) * 1.1)
        axes.axhspan(1, top, color="#D55E00", alpha=0.14, linewidth=0)
        axes.axhline(1, color="black", linewidth=1)
        axes.text(0.01, 1 + top * 0.015, "above this line chunks lose", fontsize=8, va="bottom")
        axes.plot(fragmentation, ratio, color=BLUE, marker="o", markersize=4)
        if mark is not None:
            axes.axvline(mark, color="#D55E00", linestyle="--")
            axes.text(
                mark,
                top * 0.04,
                f"break-even {mark:.2f} ",
                color="#A04000",
                ha="right" if mark > 0.3 else "left",
                fontsize=9,
            )
        axes.text(0, 1.03, verdict, transform=axes.transAxes, fontsize=9, weight="bold")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, top)
        axes.set_xlabel("fragmentation (share of odd pages in use)")
        axes.set_ylabel(label)
        axes.grid(alpha=0.25)
    return figure


def _bars(axes: Axes, rows: Sequence[float], stages: Sequence[Stages]) -> None:
    left = [0.0] * len(stages)
    for name, look in STAGE_LOOKS.items():
        ms = [getattr(s, name) * 1000 for s in stages]
        axes.barh(
            rows,
            ms,
            left=left,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="black",
            linewidth=0.6,
            label=look.label,
        )
        left = [a + b for a, b in zip(left, ms, strict=True)]
    for row, total_ms in zip(rows, left, strict=True):
        axes.text(total_ms, row, f"  {total_ms:,.0f} ms", va="center")
