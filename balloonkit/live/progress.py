"""A progress bar where someone watches: a terminal or a notebook, never a log file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    title: str, shown: bool, total: int | None = None
) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; the function it yields sets how much is done.

    Without a `total` the bar only shows that something goes on.

    Examples
    --------
    >>> with progress_bar("boot", shown=False, total=2) as advance:
    ...     advance(1)
    """
    console = Console(stderr=True)
    watched = console.is_terminal or console.is_jupyter
    with Progress(console=console, transient=True, disable=not (shown and watched)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)
