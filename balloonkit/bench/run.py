"""One run of everything, and its figures as data and as a table."""

import os
import platform
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from balloonkit.bench.figures import Measurement
from balloonkit.bench.inflate import measure_inflate
from balloonkit.bench.packing import measure_packing
from balloonkit.bench.release import measure_release, releasable_size
from balloonkit.bench.scale import measure_scale
from balloonkit.limits import check_memory
from balloonkit.progress import Progress
from balloonkit.units import parse_size

__all__ = ["BenchReport", "run_bench"]


@dataclass(frozen=True)
class BenchReport:
    """What one run found.

    Attributes
    ----------
    machine : dict
        Where it ran: python, numpy, system, cores, and how many processes wanted them before and
        after (load).
    figures : tuple of Measurement
    scale : tuple of dict
        Pages, seconds and peak resident set of each guest size.
    notes : tuple of str
        What was left out, or not compared with C, and why.
    """

    machine: dict[str, Any]
    figures: tuple[Measurement, ...]
    scale: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the run as plain data, ready for JSON."""
        return vars(self) | {"figures": [figure.as_dict() for figure in self.figures]}

    def table(self) -> Table:
        """Return the run as a table that fits 80 columns."""
        cores, load = self.machine["cores"], self.machine["load"]
        notes = [f"{cores} cores, load {load[0]:.1f} before and {load[1]:.1f} after", *self.notes]
        table = Table(title="This machine, in one run", caption="\n".join(notes))
        table.add_column("")
        table.add_column("figure", justify="right", no_wrap=True)
        table.add_column("goal", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("measured, the least")
        section = ""
        for figure in self.figures:
            if figure.section != section:
                section = figure.section
                table.add_section()
                table.add_row(f"[bold]{section}[/bold]")
            met = {True: "yes", False: "NO", None: ""}[figure.met]
            parts = ", ".join(f"{name} {_measured(name, s)}" for name, s in figure.measured.items())
            table.add_row(figure.name, _value(figure.value, figure.unit), _goal(figure), met, parts)
        return table


def run_bench(guest_size: str | int | None, progress: Progress) -> BenchReport:
    """Measure everything; takes a few minutes, most of it faulting real memory in.

    Parameters
    ----------
    guest_size : size, optional
        Real memory to release; by default 8 GiB, or what the machine can give.
    progress : callable (section, repeats done, repeats in all)

    Raises
    ------
    MemoryError
        If `guest_size` is given and the machine or its control group cannot give it.

    Examples
    --------
    >>> report = run_bench("1GiB", lambda section, done, total: None)  # doctest: +SKIP
    >>> [figure.name for figure in report.figures if not figure.met]  # doctest: +SKIP
    []
    """
    if guest_size is not None:  # refused now, not after minutes of measuring
        check_memory(parse_size(guest_size))
    notes: list[str] = []
    load = [os.getloadavg()[0]]
    figures = measure_packing(progress)
    if "C" not in figures[0].measured:
        notes.append("no C compiler: packing is compared with a NumPy floor")
    figures += measure_inflate(progress)
    scale_figures, runs, left_out = measure_scale(progress)
    figures += scale_figures
    notes += left_out
    try:
        size = releasable_size() if guest_size is None else guest_size
        release_figures, release_notes = measure_release(size, progress)
        figures += release_figures
        notes += release_notes
    except MemoryError as error:
        if guest_size is not None:
            raise
        notes.append(f"real memory left out: {error}")
    machine = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": [*load, os.getloadavg()[0]],
    }
    return BenchReport(machine, tuple(figures), tuple(runs), tuple(notes))


def _value(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.3g} {unit}".strip() if value < 100 else f"{value:,.0f} {unit}".strip()


def _goal(figure: Measurement) -> str:
    for sign, bound in (("<=", figure.at_most), (">=", figure.at_least)):
        if bound is not None:
            return f"{sign} {_value(bound, figure.unit).replace('.0%', '%')}"
    return ""


def _measured(name: str, value: float) -> str:
    if "/" in name:
        return f"{value:.2f}"
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} us"
