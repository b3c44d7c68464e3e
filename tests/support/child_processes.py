"""Which processes this one has started: nothing may stay behind."""

import contextlib
from pathlib import Path


def children() -> set[str]:
    """Return the ids of the processes this one has started and that still run."""
    pids: set[str] = set()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the thread has just ended
            pids.update((thread / "children").read_text().split())
    return pids
