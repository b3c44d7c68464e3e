"""A machine's free memory over time: a few figures a zone, each with its course."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.table import Table

from balloonkit.look.answer import MachineLook, look_at
from balloonkit.look.here import read_here
from balloonkit.units import format_size

__all__ = ["Course", "watch"]

_BARS = "▁▂▃▄▅▆▇█"
_KEPT = 40


@dataclass
class Course:
    """What each zone had at each look.

    Attributes
    ----------
    free_kb, unusable : dict of str to list of int
        By the zone's label; unusable is the index of a huge page, in thousandths.
    """

    free_kb: dict[str, list[int]] = field(default_factory=dict)
    unusable: dict[str, list[int]] = field(default_factory=dict)

    def add(self, look: MachineLook) -> None:
        """Add one look."""
        for zone in look.zones:
            if zone.unusable is None or not zone.served:
                continue
            label = zone.reading.label
            order = min(zone.served[0].order, len(zone.unusable) - 1)
            free_kb = (zone.reading.free_pages or 0) * zone.reading.page_kb
            for course, value in ((self.free_kb, free_kb), (self.unusable, zone.unusable[order])):
                course.setdefault(label, []).append(value)
                del course[label][:-_KEPT]

    def table(self) -> Table:
        """Return the course as a table with a line a zone."""
        table = Table(caption="left is earliest; unusable: for a huge page, or --order")
        for name in ("zone", "free", "", "unusable", ""):
            table.add_column(name)
        for label, free_kb in self.free_kb.items():
            unusable = self.unusable[label]
            table.add_row(
                label,
                format_size(free_kb[-1] << 10),
                sparkline(free_kb),
                f"{unusable[-1] / 1000:.3f}",
                sparkline(unusable, most=1000),
            )
        return table


def sparkline(values: list[int], most: int | None = None) -> str:
    """Draw values from 0 to `most`, by default the largest of them.

    Examples
    --------
    >>> sparkline([0, 4, 8])
    '▁▅█'
    """
    top = max(values) if most is None else most
    return "".join(_BARS[min(v * len(_BARS) // max(top, 1), len(_BARS) - 1)] for v in values)


def watch(
    every_s: float, order: int | None, inflate: str | None, as_json: bool, times: int | None
) -> Iterator[str | Table]:
    """Look at this machine again and again; yield what to show, `times` times or without end.

    Raises
    ------
    ValueError
        If the pause is not positive.
    """
    if not 0 < every_s <= 86400:
        raise ValueError(f"watch {every_s:g}: give seconds between two looks, up to a day")
    course, done = Course(), 0
    while times is None or done < times:
        if done:
            time.sleep(every_s)
        look = look_at(read_here(pages=False).reading, inflate, order)
        course.add(look)
        done += 1
        yield json.dumps(look.as_dict()) if as_json else course.table()
