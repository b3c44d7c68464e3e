"""Inflating 7 of 8 GiB in this process, on the host that only counts."""

from functools import partial

from balloonkit.bench.figures import Measurement, alternate, timed
from balloonkit.find import find_guest
from balloonkit.guest import Guest
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES
from balloonkit.machine import Machine
from balloonkit.paths import PATHS
from balloonkit.progress import Progress

__all__ = ["measure_inflate"]

_GUEST, _INFLATE = "idle-8g", "7GiB"
_REPEATS = 9
_GOALS_MS = {"classic": 300.0, "chunks": 60.0}
_RACED = (*_GOALS_MS, "chunks_block_alloc")
#: Times cheaper that a page should be when it comes in a block.
_BLOCK_GOAL = 20.0
#: Pages allocated call by call: all of them would take minutes.
_CALL_PAGES = 8 * TOP_PAGES


def measure_inflate(progress: Progress, repeats: int = _REPEATS) -> list[Measurement]:
    """Measure the paths with a goal, and what allocating by blocks saves."""
    guest = find_guest(_GUEST)
    total, done = (len(_RACED) + 2) * repeats, 0

    def step() -> None:
        nonlocal done
        done += 1
        progress("inflate", done, total)

    runs = alternate({path: partial(_inflate, guest, path) for path in _RACED}, repeats, step)
    total_s = {path: min(total for total, _ in both) for path, both in runs.items()}
    stage_s = {path: min(stage for _, stage in both) for path, both in runs.items()}
    figures = [
        Measurement(
            "inflate", path, total_s[path] * 1000, "ms", {path: total_s[path]}, at_most=goal_ms
        )
        for path, goal_ms in _GOALS_MS.items()
    ]
    saved = 1 - total_s["chunks"] / total_s["classic"]
    both_s = {path: total_s[path] for path in _GOALS_MS}
    figures.append(Measurement("inflate", "chunks save", saved, "share", both_s))

    called = alternate(
        {"pages": partial(_pages, guest), "blocks": partial(_blocks, guest)}, repeats, step
    )
    calls_s = {name: min(seconds) for name, seconds in called.items()}
    bulk_s = {"pages": stage_s["chunks"], "blocks": stage_s["chunks_block_alloc"]}
    figures += [
        Measurement(
            "inflate", "blocks, by call", _times(calls_s), "x", calls_s, at_least=_BLOCK_GOAL
        ),
        Measurement("inflate", "blocks, in bulk", _times(bulk_s), "x", bulk_s),
    ]
    return figures


def _times(seconds: dict[str, float]) -> float:
    return seconds["pages"] / seconds["blocks"]


def _inflate(guest: Guest, path: str) -> tuple[float, float]:
    """Return the seconds of a whole inflate, and of its allocation stage."""
    taken = PATHS[path]
    machine = Machine(guest.copy(), format=taken.format, block_alloc=taken.block_alloc)
    reports = []
    total_s = timed(lambda: reports.append(machine.inflate(_INFLATE)))
    return total_s, reports[0].measured.allocate


def _pages(guest: Guest) -> float:
    """Return the seconds that `_CALL_PAGES` calls for one page take."""
    twin = guest.copy()
    return timed(lambda: [twin.take(1) for _ in range(_CALL_PAGES)])


def _blocks(guest: Guest) -> float:
    """Return the seconds that calls for whole blocks take, for as many pages."""
    twin = guest.copy()
    return timed(lambda: [twin.buddy.alloc(MAX_ORDER) for _ in range(_CALL_PAGES // TOP_PAGES)])
