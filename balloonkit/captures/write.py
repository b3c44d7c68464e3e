"""Write what a live guest did to a file the rest of the package reads as a capture.

The format is that of the shipped captures, see `balloonkit.captures`.
"""

import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures.capture import Moment

if TYPE_CHECKING:
    from balloonkit.live.free_lists import FreeLists
    from balloonkit.live.memory import GuestMemory

__all__ = ["check_target", "write_capture"]


def check_target(path: Path, force: bool = False) -> None:
    """Say that `path` cannot be written before minutes are spent on what goes there.

    Parameters
    ----------
    path : Path
    force : bool
        Let an ordinary file be replaced; nothing else ever is.

    Raises
    ------
    FileExistsError
        If something is there that must not be replaced.
    OSError
        If its folder does not exist or refuses new files.

    Examples
    --------
    >>> check_target(Path("/dev/null"), force=True)
    Traceback (most recent call last):
    FileExistsError: /dev/null: a device node, which a capture never replaces; give another name
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISREG(mode):
            raise FileExistsError(
                f"{path}: {_kind(mode)}, which a capture never replaces; give another name"
            )
        if not force:
            raise FileExistsError(
                f"{path}: is there already; give another name, or --force (force=True)"
            )
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def _kind(mode: int) -> str:
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device node"
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a FIFO" if stat.S_ISFIFO(mode) else "no ordinary file"


def write_capture(
    path: Path,
    meta: Mapping[str, object],
    texts: Mapping[str, str],
    moments: "Mapping[Moment, GuestMemory]",
    inflate_pfns: NDArray[np.uint32] | None,
    deflate_pfns: NDArray[np.uint32] | None,
    free_lists: "FreeLists | None" = None,
    force: bool = False,
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
    inflate_pfns, deflate_pfns : array of uint32, or None
        PFNs in wire order; None for a snapshot of a machine that had no balloon.
    free_lists : FreeLists, optional
        The free lists before the balloon, if they could be read.
    force : bool
        Replace an ordinary file of this name; see `check_target`.

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
    if inflate_pfns is not None and deflate_pfns is not None:
        arrays["inflate_pfns_delta"] = _delta(inflate_pfns)
        arrays["deflate_pfns_delta"] = _delta(deflate_pfns)
    # A name nobody can guess, and a file only we can have made: no link is followed.
    partial = path.with_name(f".balloonkit-{secrets.token_hex(8)}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    try:
        with open(descriptor, "wb") as file:
            np.savez_compressed(file, **arrays)
        check_target(path, force)  # once more: it may have come meanwhile
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _delta(pfns: NDArray[np.uint32]) -> NDArray[np.int32]:
    return np.diff(pfns.astype(np.int64), prepend=0).astype(np.int32)
