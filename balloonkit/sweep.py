"""Sweeps: the same inflate over a grid of settings, on any executor, into one tidy table.

Every point is one inflate of a modelled guest on the model host, so its seconds are model time.
Points run one after the other, or on whatever `concurrent.futures` executor is given: threads,
processes, or a Dask cluster through ``client.get_executor()``. With a file to resume from, each row
is appended as its point finishes, and a point that has a row is not run again.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from balloonkit.costs import PRICES, costs_2017
from balloonkit.guest import Guest
from balloonkit.host.model import ModelHost
from balloonkit.host.rules import KIT
from balloonkit.machine import Machine
from balloonkit.paths import PATHS
from balloonkit.units import parse_size
from balloonkit.wire import PageBitmaps, PageChunks

__all__ = ["AXES", "COLUMNS", "SweepRow", "run_point", "sweep"]

#: One point and what came of it, by column.
SweepRow = dict[str, Any]

#: What can be swept, and what it is where the grid does not say. Sizes become bytes; `price` is
#: what sending is assumed to be paid by; `kick_us` the cost of one message and its ack, in
#: microseconds, and None what the price makes it.
AXES: dict[str, tuple[Any, ...]] = {
    "guest": ("8GiB",),
    "inflate": ("7GiB",),
    "fragmentation": (0.0,),
    "page_kib": (4,),
    "bitmaps": (32,),
    "price": ("message",),
    "kick_us": (None,),
    "path": ("classic", "chunks"),
}
_AXIS_TYPES: dict[str, Callable[[Any], Any]] = {
    "guest": parse_size,
    "inflate": parse_size,
    "fragmentation": float,
    "page_kib": int,
    "bitmaps": int,
    "price": str,
    "kick_us": lambda us: None if us is None else float(us),
    "path": str,
}
_COUNTS = ("pages", "allocations", "messages", "bytes", "entries", "translations", "releases")
_STAGES = ("allocate", "send", "translate", "release", "total")
_RESULT_TYPES: dict[str, Callable[[str], Any]] = (
    dict.fromkeys(_COUNTS, int)
    | {"rounds": int, "out_of_puff": int}
    | {f"{stage}_s": float for stage in _STAGES}
)
#: Columns of the table: the axes, counts, passes over the bitmaps, failed allocations, and
#: model seconds by stage.
COLUMNS = (*AXES, *_RESULT_TYPES)


def sweep(
    grid: Mapping[str, Iterable[Any]],
    executor: Executor | None = None,
    resume: str | Path | None = None,
    progress: bool = True,
) -> list[SweepRow]:
    """Inflate at every point of `grid`.

    Parameters
    ----------
    grid : mapping of axis to values
        Axes and their defaults are `AXES`.
    executor : concurrent.futures.Executor, optional
        Where points run; by default here, one after the other.
    resume : path, optional
        A CSV file that rows are appended to as they come, and read from first.
    progress : bool
        Show a bar on standard error, where somebody looks.

    Returns
    -------
    rows : list of dict
        A row per point, in the grid's order, with the keys `COLUMNS`.

    Raises
    ------
    ValueError
        If an axis is unknown, empty or has an impossible value, or the file is no sweep's.
    ExceptionGroup
        If points failed, once all others are done; each error notes its point.

    Examples
    --------
    >>> rows = sweep({"guest": ["64MiB"], "inflate": ["16MiB", "32MiB"], "path": ["chunks"]})
    >>> [(row["pages"], row["messages"]) for row in rows]
    [(4096, 1), (8192, 1)]
    """
    points = _points(grid)
    rows = {} if resume is None else _read_finished(Path(resume))
    waiting = [point for point in points if _key(point) not in rows]
    errors = []
    console = Console(stderr=True)
    quiet = not progress or not (console.is_terminal or console.is_jupyter)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as bars:
        task = bars.add_task("sweep", total=len(points), completed=len(points) - len(waiting))
        for point, result in _results(waiting, executor):
            try:
                row = result()
            except Exception as error:
                error.add_note(f"at {point}")
                errors.append(error)
            else:
                rows[_key(row)] = row
                if resume is not None:
                    _append(Path(resume), row.values())
            bars.advance(task)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(points)} points failed", errors)
    return [rows[_key(point)] for point in points]


def run_point(point: Mapping[str, Any]) -> SweepRow:
    """Inflate once and return the row; `point` has a value for each axis, sizes in bytes."""
    path = PATHS[point["path"]]
    chunked = isinstance(path.format, PageChunks)
    bitmaps = PageBitmaps(max_count=point["bitmaps"])
    wire_format = PageChunks(bitmaps=bitmaps) if chunked else path.format
    guest = Guest.aged(point["guest"], point["fragmentation"], page_bytes=point["page_kib"] << 10)
    costs = replace(costs_2017(point["price"]), message_s=point["kick_us"] / 1e6)
    host = ModelHost(guest.size_bytes, regions=guest.ram, rule=path.rule or KIT)
    with Machine(
        guest, host=host, format=wire_format, block_alloc=path.block_alloc, costs=costs
    ) as machine:
        report = machine.inflate(point["inflate"])
        rounds = sum(1 for _ in bitmaps.rounds(machine.driver.held)) if chunked else 0
    seconds = report.model.as_dict()
    return (
        dict(point)
        | {name: getattr(report.counts, name) for name in _COUNTS}
        | {"rounds": rounds, "out_of_puff": report.out_of_puff}
        | {f"{stage}_s": seconds[stage] for stage in _STAGES}
    )


def _points(grid: Mapping[str, Iterable[Any]]) -> list[SweepRow]:
    unknown = sorted(set(grid) - set(AXES))
    if unknown:
        raise ValueError(f"axis {unknown[0]!r}: choose from {', '.join(AXES)}")
    axes = []
    for axis, default in AXES.items():
        values = [_AXIS_TYPES[axis](value) for value in grid.get(axis, default)]
        if not values:
            raise ValueError(f"axis {axis!r} has no values: leave it out or give one")
        axes.append(list(dict.fromkeys(values)))
    if bad := set(axes[list(AXES).index("price")]) - set(PRICES):
        raise ValueError(f"price {bad.pop()!r}: choose from {', '.join(PRICES)}")
    if bad := set(axes[-1]) - set(PATHS):
        raise ValueError(f"path {bad.pop()!r}: choose from {', '.join(PATHS)}")
    points = [dict(zip(AXES, values, strict=True)) for values in product(*axes)]
    for point in points:
        if point["kick_us"] is None:
            point["kick_us"] = round(costs_2017(point["price"]).message_s * 1e6, 1)
    return points


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[axis] for axis in AXES)


def _results(
    points: list[SweepRow], executor: Executor | None
) -> Iterator[tuple[SweepRow, Callable[[], SweepRow]]]:
    """Yield each point as it finishes, with what returns its row or raises its error."""
    if executor is None:
        for point in points:
            yield point, partial(run_point, point)
        return
    futures = {executor.submit(run_point, point): point for point in points}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result
    finally:
        for future in futures:
            future.cancel()


def _read_finished(path: Path) -> dict[tuple[Any, ...], SweepRow]:
    """Read the rows there are; a last line that was cut short is removed from the file."""
    written = path.read_bytes() if path.exists() else b""
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        os.truncate(path, len(whole))
    if not whole:
        _append(path, COLUMNS)
        return {}
    header, *lines = csv.reader(whole.decode().splitlines())
    if tuple(header) != COLUMNS:
        raise ValueError(f"{path}: not the columns of a sweep; give another file to resume from")
    types = _AXIS_TYPES | _RESULT_TYPES
    read = [{n: types[n](v) for n, v in zip(COLUMNS, line, strict=True)} for line in lines]
    return {_key(row): row for row in read}


def _append(path: Path, values: Iterable[Any]) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(values)
