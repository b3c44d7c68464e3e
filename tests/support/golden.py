"""Golden traces: named runs as they are today, for Python and for the browser's code to agree on.

    PYTHONPATH=tests/support python tests/support/golden.py

writes ``golden/NAME.json`` again: the whole trace, and for the start and each step a digest of the
state a replay gives and one of its text. Look at the difference before committing it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from odd_parts import Doubled, SmallHost
from own_format import Pairs

from balloonkit import Guest, Machine, trace_inflate
from balloonkit.lab.player.text import TEXT_LIMITS, text_twin
from balloonkit.lab.view.palette import BIT_LOOKS, HOST_LOOKS, PAGE_LOOKS
from balloonkit.trace import START, PlainTrace, State, Stepper, states
from balloonkit.trace.run_lengths import run_lengths
from balloonkit.wire import PFN_ARRAY

FOLDER = Path(__file__).parents[1] / "trace" / "golden"

_LABELS = {"pages": PAGE_LOOKS, "bits": BIT_LOOKS, "host": HOST_LOOKS}
_MESSAGE = ("queue", "hex", "bytes", "desc", "avail", "used")
_BITMAP = ("base", "bits", "count", "max")
_OUTSIDE = ("pages", "lists", "stock", "bits", "entries", "host")


def refused() -> PlainTrace:
    machine = Machine(Guest.idle("1MiB"), host=SmallHost("1MiB"), format=PFN_ARRAY)
    stepper = Stepper(machine, steps_per_stage=8)
    machine.inflate("900KiB")
    return stepper.trace().as_dict()


def doubled() -> PlainTrace:
    machine = Machine(Guest.idle("1MiB"), format=Doubled())
    stepper = Stepper(machine)
    machine.inflate("16KiB")
    machine.reset()
    return stepper.trace().as_dict()


#: What each run is called, and how to make it.
RUNS: dict[str, Callable[[], PlainTrace]] = {
    "chunks": lambda: trace_inflate(Guest.idle("256KiB"), 20).as_dict(),
    "classic": lambda: trace_inflate(Guest.idle("256KiB"), 20, PFN_ARRAY).as_dict(),
    "by-blocks": lambda: trace_inflate(
        Guest.aged("1MiB", 0.2), 90, block_alloc=True, steps_per_stage=16, deflate=True
    ).as_dict(),
    "deflate-and-touch": lambda: trace_inflate(Guest.idle("256KiB"), 12, deflate=True).as_dict(),
    "out-of-puff": lambda: trace_inflate(Guest.idle("256KiB"), 64, steps_per_stage=24).as_dict(),
    "refused-entries": refused,
    "doubled-entries": doubled,
    "host-pages-of-64-kib": lambda: trace_inflate(
        Guest.idle("1MiB"), 60, host_page_bytes=65536, steps_per_stage=20
    ).as_dict(),
    "guest-pages-of-64-kib": lambda: trace_inflate(
        Guest.idle("4MiB", page_bytes=65536), 5, deflate=True
    ).as_dict(),
    "batches-of-1-gib": lambda: trace_inflate(Guest.idle("1GiB"), 14, deflate=True).as_dict(),
    "window-of-1-gib": lambda: trace_inflate(
        Guest.aged("1GiB", 0.001), 300, steps_per_stage=8, deflate=True
    ).as_dict(window=(155648, 4096)),
    "messages-together": lambda: trace_inflate(
        Guest.idle("1GiB"), 1500, PFN_ARRAY, steps_per_stage=4, deflate=True
    ).as_dict(window=(4096, 1024)),
    "a-learners-format": lambda: trace_inflate(
        Guest.idle("2MiB"), 300, Pairs(), steps_per_stage=16
    ).as_dict(),
}


def canonical(state: State) -> str:
    """Write a state as JSON in one way only; ``replay.test.mjs`` does the same."""

    def values(of: dict[str, Any] | None, names: tuple[str, ...]) -> list[Any] | None:
        return [of[name] for name in names] if of else None

    entries = zip(state.indices, state.entries, strict=True)
    parts = [
        run_lengths(state.pages),
        state.lists,
        state.stock,
        values(state.bitmap, _BITMAP),
        run_lengths(state.bits),
        [[index, *entry] for index, entry in entries],
        values(state.message, _MESSAGE),
        run_lengths(state.host),
        state.reject,
        state.counters,
        values(state.outside, _OUTSIDE),
    ]
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def digest(text: str) -> str:
    """Return 48 bits of a text's SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def golden(name: str) -> dict[str, Any]:
    """Make one golden trace anew."""
    trace = RUNS[name]() | {"code": f"golden={name}"}
    last = len(trace["steps"])
    return {
        "trace": trace,
        "labels": {what: [{"label": k.label} for k in looks] for what, looks in _LABELS.items()}
        | {"limits": TEXT_LIMITS},
        "states": [digest(canonical(state)) for state in states(trace)],
        "texts": [digest(text_twin(trace, step)) for step in range(START, last)],
    }


def written(name: str) -> Iterator[str]:
    """Write a golden trace, a step a line: a difference can be read."""
    made = golden(name)
    steps = made["trace"].pop("steps")
    yield '{"trace":' + _compact(made.pop("trace"))[:-1] + ',"steps":['
    yield ",\n".join(_compact(step) for step in steps)
    yield "]}," + _compact(made)[1:]


def _compact(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    for run in RUNS:
        (FOLDER / f"{run}.json").write_text("\n".join(written(run)) + "\n")
