"""Picture of the chunk lab: what either path needs for the same pages."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from balloonkit.lab.lessons.chunk_formation.model import PathCounts
from balloonkit.lab.view.charts import new_figure
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import PATH_LOOKS
from balloonkit.lab.view.table import Table, TableCell
from balloonkit.trace import COUNTERS
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["draw_counts", "show_counts"]

_TITLES = {
    "messages": "messages, a kick each",
    "bytes": "bytes sent",
    "translations": "translations",
    "releases": "madvise calls",
}
#: What a table calls a counter of the trace.
_CALLED = {"pages": "4 KiB pages", "releases": "madvise calls"}


def show_counts(counts: PathCounts) -> Drawing:
    """Draw what both paths need for the same guest."""
    totals = counts.totals
    given_bytes = totals["chunks"]["pages"] * BALLOON_PAGE_BYTES
    caption = f"{counts.code}: {format_size(given_bytes)} of guest memory in the balloon"
    if given_bytes < counts.asked_bytes:
        asked = format_size(counts.asked_bytes)
        caption += f"; asked for {asked}, but the guest has no more to give"
    rows: list[list[TableCell]] = [
        [_CALLED.get(name, name), *(counted[name] for counted in totals.values())]
        for name in COUNTERS
    ]
    return [draw_counts(totals)], Table(caption, ["", *totals], rows)


def draw_counts(totals: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw four counts, each on a scale of its own, with a bar for each path.

    Parameters
    ----------
    totals : mapping of path name to the counters of `balloonkit.trace`
    """
    figure = new_figure(2.1)
    charts = figure.subplots(2, 2)
    figure.subplots_adjust(left=0.13, right=0.995, top=0.87, bottom=0.01, wspace=0.1, hspace=0.5)
    for axes, (name, title) in zip(charts.flat, _TITLES.items(), strict=True):
        axes.set_axis_off()
        axes.text(0, 1.1, title, transform=axes.transAxes)
        longest = max(totals[path][name] for path in totals)
        for row, path in enumerate(totals):
            look, value = PATH_LOOKS[path], totals[path][name]
            axes.barh(row, value, color=look.colour)
            end = f"{value:,}"
            axes.annotate(end, (value, row), (5, 0), textcoords="offset points", va="center")
        axes.set_ylim(1.6, -0.6)
        axes.set_xlim(0, longest * 1.55)
    for axes in charts[:, 0]:
        for row, path in enumerate(totals):
            place = (-0.03, row)
            axes.text(*place, path, transform=axes.get_yaxis_transform(), ha="right", va="center")
    return figure
