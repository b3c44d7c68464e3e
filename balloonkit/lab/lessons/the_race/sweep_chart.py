"""The picture of a sweep: one line for each setting, over the axis that is swept."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from balloonkit.lab.view.palette import BLACK, ORANGE, PATH_LOOKS, PURPLE, SKY, YELLOW
from balloonkit.sweep import AXES

__all__ = ["draw_sweep"]

#: For lines that are not one for each path: those have the colours every lab gives them.
_COLOURS = (BLACK, ORANGE, SKY, PURPLE, YELLOW, "#767676", "#BBBBBB", "#595959")
_MARKERS = "osD^v<>P"


def draw_sweep(
    axes: Axes, rows: Sequence[Mapping[str, Any]], x: str = "fragmentation", y: str = "total_s"
) -> None:
    """Draw column `y` over axis `x`, one line per setting of the other axes that vary.

    Parameters
    ----------
    axes : matplotlib Axes
    rows : sequence of dict
        What `balloonkit.sweep.sweep` returned, or some of it; the table is the text twin.

    Raises
    ------
    ValueError
        If there are more lines than can be told apart.

    Examples
    --------
    >>> from balloonkit.lab.view.charts import new_chart
    >>> from balloonkit.sweep import sweep
    >>> rows = sweep({"guest": ["64MiB"], "inflate": ["32MiB"], "fragmentation": [0, 0.5, 1]})
    >>> figure, axes = new_chart("Sweep")
    >>> draw_sweep(axes, rows)
    >>> [line.get_label() for line in axes.get_lines()]
    ['path classic', 'path chunks']
    """
    varying = [axis for axis in AXES if axis != x and len({row[axis] for row in rows}) > 1]
    lines: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
    for row in rows:
        lines.setdefault(tuple(row[axis] for axis in varying), []).append((row[x], row[y]))
    if len(lines) > len(_MARKERS):
        raise ValueError(f"{len(lines)} lines by {', '.join(varying)}: draw fewer rows at a time")
    by_path = set(varying) <= {"path"}
    for index, (setting, points) in enumerate(lines.items()):
        label = ", ".join(f"{axis} {value}" for axis, value in zip(varying, setting, strict=True))
        path = setting[0] if setting else rows[0]["path"]
        colour = PATH_LOOKS[path].colour if by_path else _COLOURS[index]
        xs, ys = zip(*sorted(points), strict=True)
        axes.plot(xs, ys, color=colour, marker=_MARKERS[index], label=label or y)
    axes.set_xlabel(x)
    axes.set_ylabel(f"{y}, model time" if y.endswith("_s") else y)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=4, fontsize=8, frameon=False)
