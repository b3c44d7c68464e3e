"""Chart of the chunk lab: what either path needs for the same pages."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from balloonkit.lab.palette import PATH_LOOKS

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
    figure = Figure(figsize=(7.6, 1.25), dpi=90)
    charts = figure.subplots(1, len(_TITLES))
    figure.subplots_adjust(left=0.09, right=0.995, top=0.76, bottom=0.04, wspace=0.1)
    for axes, (name, title) in zip(charts, _TITLES.items(), strict=True):
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
    for row, path in enumerate(totals):
        figure.text(0.08, 0.58 - 0.36 * row, path, ha="right", va="center")
    return figure
