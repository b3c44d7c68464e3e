"""Packing a bitmap into chunk entries: balloonkit's NumPy against a loop in C.

The C loop is `pack.c`, compiled here with whatever compiler the machine has, at -O2 as kernels
are. Without one the comparison is with a floor: the least NumPy can do, reading every word once
and writing every entry once.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from balloonkit.bench.figures import Measurement, alternate, timed
from balloonkit.captures import load_capture
from balloonkit.progress import Progress
from balloonkit.units import size_to_pages
from balloonkit.wire import PageBitmaps, find_runs
from balloonkit.wire.page_chunk import CHUNK_SHIFT

__all__ = ["compile_packer", "measure_packing", "pack_entries", "packed_bitmaps"]

Words = NDArray[np.uint64]
Packer = Callable[[Words], Words]

#: How many times C each may take, at most.
_GOALS = {"idle-8g": 3.0, "aged-8g": 3.0, "alternating": 1.5}
_REPEATS = 31
_EVERY_OTHER_BIT = 0x5555_5555_5555_5555


def pack_entries(bitmap: Words) -> Words:
    """Pack one bitmap into entries as they cross the wire: base << 12 and size << 12.

    Examples
    --------
    >>> pack_entries(np.array([0b0111_0001], np.uint64)).tolist()
    [[0, 4096], [16384, 12288]]
    """
    runs = find_runs(bitmap)
    runs <<= CHUNK_SHIFT
    return runs.view(np.uint64)


def packed_bitmaps() -> dict[str, Words]:
    """Return the bitmaps to pack: of two real balloons, and 8 GiB of every other page."""
    bitmaps = {}
    for name in ("idle-8g", "aged-8g"):
        rounds = PageBitmaps().rounds(load_capture(name).inflate_pfns)
        bitmaps[name] = np.concatenate([filled.ravel() for _, filled in rounds])
    words = size_to_pages("8GiB") // 64
    bitmaps["alternating"] = np.full(words, _EVERY_OTHER_BIT, np.uint64)
    return bitmaps


def compile_packer(compiler: str | None = None) -> Packer | None:
    """Compile the loop in C and return it as a function, or None where that cannot be done.

    Parameters
    ----------
    compiler : str, optional
        By default ``$CC``, or the first of cc, gcc and clang there is.

    Notes
    -----
    The function returns a view of memory it uses again: C does not pay for fresh pages.
    """
    found = (
        compiler or os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), "")
    )
    with tempfile.TemporaryDirectory(prefix="balloonkit-") as folder:
        library = Path(folder) / "pack.so"
        source = Path(__file__).with_name("pack.c")
        command = [found, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
        try:
            subprocess.run(command, check=True, capture_output=True)
            function = ctypes.CDLL(str(library)).pack
        except (OSError, subprocess.CalledProcessError):
            return None
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    function.restype = ctypes.c_size_t
    room = np.empty((0, 2), np.uint64)

    def pack(bitmap: Words) -> Words:
        nonlocal room
        if len(room) < 32 * len(bitmap):
            room = np.zeros((32 * len(bitmap), 2), np.uint64)
        return room[: function(bitmap.ctypes.data, 64 * len(bitmap), room.ctypes.data)]

    return pack


def _numpy_floor(bitmap: Words, entries: int) -> None:
    np.bitwise_count(bitmap).sum()
    np.full((entries, 2), CHUNK_SHIFT, np.uint64)


def measure_packing(progress: Progress, repeats: int = _REPEATS) -> list[Measurement]:
    """Measure each bitmap; figures against C have a goal, those against the floor have none."""
    in_c = compile_packer()
    figures = []
    bitmaps = packed_bitmaps()
    total, done = 2 * repeats * len(bitmaps), 0

    def step() -> None:
        nonlocal done
        done += 1
        progress("pack", done, total)

    for name, bitmap in bitmaps.items():
        other: Callable[[], object] = partial(_numpy_floor, bitmap, len(pack_entries(bitmap)))
        if in_c is not None:
            other = partial(in_c, bitmap)
        against = "C" if in_c is not None else "numpy_floor"
        actions: dict[str, Callable[[], object]] = {
            "numpy": partial(pack_entries, bitmap),
            against: other,
        }
        runs = alternate(
            {k: partial(timed, action) for k, action in actions.items()}, repeats, step
        )
        measured = {key: min(seconds) for key, seconds in runs.items()}
        ratio = measured["numpy"] / measured[against]
        goal = _GOALS[name] if in_c is not None else None
        figures.append(Measurement("pack", name, ratio, "x", measured, at_most=goal))
    return figures
