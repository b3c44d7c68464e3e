"""Picture of the chunk lab: what either path needs for the same pages."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from balloonkit.lab.palette import PATH_LOOKS

__all__ = ["draw_counts"]

_TITLES = {
    "messages": "messages (kicks)",
    "bytes": "bytes sent",
    "translations": "translations",
    "releases": "madvise calls",
}


def draw_counts(totals: Mapping[str, Mapping[str, int]], caption: str) -> Figure:
    """Draw four counts, each on a scale of its own, as a bar for each path.

    Parameters
    ----------
    totals : mapping of path name to the counters of `balloonkit.trace`
    caption : str
        What was inflated.
    """
    figure = Figure(figsize=(10, 1.9), dpi=90)
    pictures = figure.subplots(1, len(_TITLES))
    figure.subplots_adjust(left=0.075, right=0.985, top=0.68, bottom=0.06, wspace=0.12)
    figure.text(0.008, 0.93, caption, fontsize=10, weight="bold", va="center")
    for axes, (name, title) in zip(pictures, _TITLES.items(), strict=True):
        values = [totals[path][name] for path in totals]
        looks = [PATH_LOOKS[path] for path in totals]
        axes.barh(
            [0, 1],
            values,
            color=[look.colour for look in looks],
            hatch=[look.hatch for look in looks],
            edgecolor="white",
        )
        for row, value in enumerate(values):
            axes.text(value, row, f" {value:,}", va="center", fontsize=9)
        axes.text(0, 1.06, title, transform=axes.transAxes, fontsize=9)
        axes.set_ylim(1.6, -0.6)
        axes.set_xlim(0, max(values) * 1.35)
        axes.set_xticks([])
        axes.set_yticks([])
    pictures[0].set_yticks([0, 1], list(totals), fontsize=9)
    return figure
