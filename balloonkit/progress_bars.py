"""Bars on the terminal for whatever reports its progress, one for each thing that is done."""

from collections.abc import Iterator
from contextlib import contextmanager

import rich.progress

from balloonkit.progress import Progress
from balloonkit.terminal import console

__all__ = ["report_progress"]


@contextmanager
def report_progress(amount: rich.progress.ProgressColumn) -> Iterator[Progress]:
    """A bar on standard error for whatever is reported; nothing when nobody looks."""
    errors = console(stderr=True)
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        amount,
        rich.progress.TimeRemainingColumn(),
    )
    quiet = not errors.is_terminal
    with rich.progress.Progress(*columns, console=errors, transient=True, disable=quiet) as bars:
        tasks: dict[str, rich.progress.TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield report
