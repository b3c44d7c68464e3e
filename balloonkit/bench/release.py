"""Real release: the whole path on real memory, against bare madvise, and classic against chunks.

Classic and chunks run with the device in a process of its own, as in ``balloonkit race --host
madvise``. The bare run is an inflate on the host that only counts, for the sake of what it does to
the caches, then one madvise for each range it named, on a mapping like the device's. Every run has
memory of its own: huge pages that were released piece by piece come back as small ones.
"""

import mmap
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from balloonkit.bench.figures import Measurement, alternate, timed
from balloonkit.guest import Guest
from balloonkit.host.mapping import MappingRelease
from balloonkit.host.process import ProcessHost
from balloonkit.host.ram import GuestRam
from balloonkit.limits import MemoryLimitError, check_memory
from balloonkit.machine import Machine
from balloonkit.paths import PATHS
from balloonkit.progress import Progress
from balloonkit.units import PFN_SHIFT, format_size, parse_size
from balloonkit.wire import pack_chunks

__all__ = ["measure_release", "releasable_size"]

_MOST_BYTES, _LEAST_BYTES = 8 << 30, 64 << 20
_REPEATS = 5
#: The chunk path's release against bare madvise; then what chunks save, by kind of page.
_BARE_GOAL = 1.05
_SAVED_GOALS = {"small": 0.88, "huge": 0.99}
_THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def releasable_size() -> int:
    """Return how much real memory to use by default: 8 GiB, halved until the machine has it.

    Raises
    ------
    MemoryLimitError
        If it has not even 64 MiB.
    """
    size_bytes = _MOST_BYTES
    while True:
        try:
            check_memory(size_bytes)
            return size_bytes
        except MemoryLimitError:
            if size_bytes == _LEAST_BYTES:
                raise
            size_bytes //= 2


def measure_release(
    size: str | int, progress: Progress, repeats: int = _REPEATS
) -> tuple[list[Measurement], list[str]]:
    """Measure small pages, then huge ones; return figures, and what was left out and why.

    Raises
    ------
    MemoryLimitError
        If the machine or its control group cannot give `size`.
    """
    size_bytes = parse_size(size)
    check_memory(size_bytes)
    notes = [f"real memory: 7/8 of {format_size(size_bytes)}"]
    figures = _measure(size_bytes, "small", progress, repeats)
    if _THP.is_file() and "[never]" not in _THP.read_text():
        figures += _measure(size_bytes, "huge", progress, repeats)
    else:
        notes.append("huge pages left out: this kernel does not give them")
    return figures, notes


class _Memory(MappingRelease):
    """The mapping, and a way around everything that makes it a host."""

    def __enter__(self) -> Self:
        return self

    def bare(self, ranges_bytes: list[tuple[int, int]]) -> None:
        for offset_bytes, length_bytes in ranges_bytes:
            self._mapping.madvise(mmap.MADV_DONTNEED, offset_bytes, length_bytes)


def _measure(size_bytes: int, kind: str, progress: Progress, repeats: int) -> list[Measurement]:
    guest = Guest.idle(size_bytes)
    huge_pages = kind == "huge"
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(f"{kind} pages", done, 3 * repeats)

    def inflate(path: str) -> tuple[float, float]:
        host = ProcessHost(guest.size_bytes, huge_pages=huge_pages)
        with Machine(guest.copy(), host=host, format=PATHS[path].format) as machine:
            measured = machine.inflate(guest.size_bytes // 8 * 7).measured
            return measured.total, measured.release

    def bare() -> tuple[float, float]:
        with _Memory(guest.size_bytes >> PFN_SHIFT, huge_pages) as memory:
            memory.populate()
            seconds = timed(partial(memory.bare, _ranges_bytes(guest)))
            return seconds, seconds

    actions = {path: partial(inflate, path) for path in ("classic", "chunks")}
    runs = alternate(actions | {"bare": bare}, repeats, step)
    total_s = {name: min(total for total, _ in both) for name, both in runs.items()}
    stage_s = {name: min(stage for _, stage in both) for name, both in runs.items()}
    to_bare = stage_s["chunks"] / stage_s["bare"]
    chunks_and_bare_s = {name: stage_s[name] for name in ("chunks", "bare")}
    figures = [
        Measurement(
            "release", f"{kind}: to bare", to_bare, "x", chunks_and_bare_s, at_most=_BARE_GOAL
        )
    ]
    for what, seconds in (("stage", stage_s), ("in all", total_s)):
        measured = {path: seconds[path] for path in ("classic", "chunks")}
        saved = 1 - measured["chunks"] / measured["classic"]
        goal = _SAVED_GOALS[kind] if what == "in all" else None
        figures.append(
            Measurement("release", f"{kind}: saved {what}", saved, "share", measured, at_least=goal)
        )
    return figures


def _ranges_bytes(guest: Guest) -> list[tuple[int, int]]:
    """Return the ranges the chunk path releases: place in the mapping and length of each."""
    with Machine(guest.copy()) as machine:
        machine.inflate(guest.size_bytes // 8 * 7)
        chunks = pack_chunks(machine.driver.held).astype(np.int64)
    starts, counts = GuestRam.of_size(guest.size_bytes).translate(chunks[:, 0], chunks[:, 1])
    return [
        (s << PFN_SHIFT, c << PFN_SHIFT)
        for s, c in zip(starts.tolist(), counts.tolist(), strict=True)
    ]
