"""Write what a live guest did to a file the rest of the package reads as a capture.

The format is that of the shipped captures, see `balloonkit.captures`.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import Moment
from balloonkit.live.free_lists import FreeLists
from balloonkit.live.memory import GuestMemory

__all__ = ["check_folder", "write_capture"]


def check_folder(path: Path) -> None:
    """Say that `path` cannot be written before minutes are spent on what goes there.

    Raises
    ------
    OSError
        If its folder does not exist or refuses new files.
    """
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def write_capture(
    path: Path,
    meta: Mapping[str, object],
    texts: Mapping[str, str],
    moments: Mapping[Moment, GuestMemory],
    inflate_pfns: NDArray[np.uint32],
    deflate_pfns: NDArray[np.uint32],
    free_lists: FreeLists | None = None,
) -> None:
    """Write a capture, whole or not at all.

    Parameters
    ----------
    path : Path
        File to write; its folder must have room for a second one until the end.
    meta : mapping
        Facts about the run, plain enough for JSON.
    texts : mapping of str to str
        ``iomem_boot`` and ``zoneinfo_boot``.
    moments : mapping of moment to GuestMemory
        The guest's memory before, inflated and deflated.
    inflate_pfns, deflate_pfns : array of uint32
        PFNs in wire order.
    free_lists : FreeLists, optional
        The free lists before the balloon, if they could be read.

    Raises
    ------
    OSError
        If the file cannot be written; one that was there before stays as it was.
    """
    arrays: dict[str, Any] = {"meta": json.dumps(dict(meta)), **texts}
    for moment, memory in moments.items():
        values, codes = np.unique(memory.flags, return_inverse=True)
        arrays[f"kpageflags_{moment}_values"] = values
        arrays[f"kpageflags_{moment}_codes"] = codes.astype(np.min_scalar_type(len(values)))
        arrays[f"buddyinfo_{moment}"] = memory.buddyinfo
        arrays[f"pagetypeinfo_{moment}"] = memory.pagetypeinfo
    if free_lists is not None:
        arrays["free_blocks_before"] = free_lists.blocks
        arrays["percpu_pfns_before"] = free_lists.percpu_pfns
    arrays["inflate_pfns_delta"] = _delta(inflate_pfns)
    arrays["deflate_pfns_delta"] = _delta(deflate_pfns)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _delta(pfns: NDArray[np.uint32]) -> NDArray[np.int32]:
    return np.diff(pfns.astype(np.int64), prepend=0).astype(np.int32)
