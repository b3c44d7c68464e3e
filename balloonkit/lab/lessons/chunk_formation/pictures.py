"""Chart of the chunk lab: what either path needs for the same pages."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from balloonkit.lab.view.palette import PATH_LOOKS

__all__ = ["draw_counts"]

_TITLES = {
    "messages": "messages, a kick each",
    "bytes": "bytes sent",
    "translations": "translations",
    "releases": "madvise calls",
}


def draw_counts(totals: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw four counts, each on a scale of its own, with a bar for each path.

    Parameters
    ----------
    totals : mapping of path name to the counters of `balloonkit.trace`
    """
    figure = Figure(figsize=(5.2, 2.1), dpi=90)
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
