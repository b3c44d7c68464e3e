"""How the cost of an inflate grows with the guest: 64 MiB to 64 GiB, and 1 TiB.

Each size runs in a process of its own, so that the peak of its resident set is its own.
"""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from balloonkit.bench.figures import Measurement, timed
from balloonkit.guest import Guest
from balloonkit.limits import check_memory
from balloonkit.machine import Machine
from balloonkit.progress import Progress
from balloonkit.units import parse_size

__all__ = ["measure_scale", "run_size"]

_SIZES = ("64MiB", "512MiB", "4GiB", "64GiB")
_BIG = "1TiB"
#: Goals for the big guest: seconds from nothing to an inflated balloon, and 10^9 bytes of memory.
_BIG_S, _BIG_GB = 30.0, 3.0
#: Cost grows as pages to this power, at most; 1 is linear, the rest is room for noise.
_POWER = 1.1
_REPEATS = 5

_CHILD = """
import json, sys
from balloonkit.bench.scale import run_size
print(json.dumps(run_size(sys.argv[1], int(sys.argv[2]))))
"""


def run_size(size: str, repeats: int) -> dict[str, Any]:
    """Build an idle guest and inflate seven eighths of it in chunks, `repeats` times.

    Returns
    -------
    run : dict
        size, pages, build_s, inflate_s (least), peak_bytes (resident set of this process).
    """
    start_s = perf_counter()
    guest = Guest.idle(size)
    build_s = perf_counter() - start_s
    inflate_bytes = parse_size(size) // 8 * 7
    seconds = []
    for left in reversed(range(repeats)):
        # The last run may use the guest up: a copy of a big one would count as its memory.
        machine = Machine(guest.copy() if left else guest)
        seconds.append(timed(partial(machine.inflate, inflate_bytes)))
    return {
        "size": size,
        "pages": machine.driver.held_pages,
        "build_s": build_s,
        "inflate_s": min(seconds),
        "peak_bytes": _peak_bytes(),
    }


def measure_scale(progress: Progress) -> tuple[list[Measurement], list[dict[str, Any]], list[str]]:
    """Measure every size; return figures, the runs by size, and what was left out and why."""
    runs, notes = [], []
    total = len(_SIZES) + 1
    for done, size in enumerate(_SIZES, 1):
        runs.append(_in_own_process(size, _REPEATS))
        progress("scale", done, total)
    pages, seconds = ([run[key] for run in runs] for key in ("pages", "inflate_s"))
    power = float(np.polyfit(np.log(pages), np.log(seconds), 1)[0])
    per_page = {f"{run['size']}_ns/page": run["inflate_s"] / run["pages"] * 1e9 for run in runs}
    figures = [Measurement("scale", "grows as pages to the", power, "", per_page, at_most=_POWER)]
    try:
        check_memory(int(_BIG_GB * 1e9))
    except MemoryError as error:
        notes.append(f"{_BIG} left out: {error}")
        return figures, runs, notes
    big = _in_own_process(_BIG, 1)
    progress("scale", total, total)
    runs.append(big)
    parts = {key: big[f"{key}_s"] for key in ("build", "inflate")}
    peak = {f"{_BIG}_ns/page": big["inflate_s"] / big["pages"] * 1e9}
    figures += [
        Measurement("scale", f"{_BIG} guest", sum(parts.values()), "s", parts, at_most=_BIG_S),
        Measurement("scale", f"{_BIG} peak", big["peak_bytes"] / 1e9, "GB", peak, at_most=_BIG_GB),
    ]
    return figures, runs, notes


def _in_own_process(size: str, repeats: int) -> dict[str, Any]:
    command = [sys.executable, "-c", _CHILD, size, str(repeats)]
    run: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    )
    return run


def _peak_bytes() -> int:
    # Not getrusage: its maximum outlives exec and would be the parent's.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/self/status names no VmHWM")
