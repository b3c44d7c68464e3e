"""Write what a live guest did to a file the rest of the package reads as a capture.

The format is that of the shipped captures, see `balloonkit.captures`.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.guest import Guest
from balloonkit.live.memory import GuestMemory
from balloonkit.units import parse_size

__all__ = ["capture", "write_capture"]


def capture(
    memory: str | int,
    balloon: str | int,
    age_seed: int | None,
    path: str | Path,
    progress: bool = True,
) -> None:
    """Boot a guest, age it, inflate and deflate its balloon, and write a capture.

    Parameters
    ----------
    memory : str or int
        RAM of the guest.
    balloon : str or int
        What the inflated balloon leaves to the guest.
    age_seed : int, optional
        Seed of the ageing; None leaves the guest idle.
    path : str or Path
        File to write, ``.npz``.
    progress : bool
        Show a progress bar.

    Raises
    ------
    LiveError
        If the guest cannot be had, or cannot be left with so little.
    OSError
        If the file cannot be written; an older one of that name then stays as it was.
    """
    with Guest(memory, progress=progress) as guest:
        if age_seed is not None:
            guest.age(seed=age_seed)
        write_capture(guest, balloon, path)


def write_capture(guest: Guest, balloon: str | int, path: str | Path) -> None:
    """Inflate the balloon of a running guest and deflate it again, and write a capture.

    The guest is left with all its RAM.
    """
    guest.balloon(guest.memory_bytes)
    arrays: dict[str, Any] = {"iomem_boot": guest.iomem, "zoneinfo_boot": guest.zoneinfo}
    arrays |= _moment("before", guest.memory())
    inflated = guest.balloon(balloon)
    arrays |= _moment("inflated", guest.memory())
    deflated = guest.balloon(guest.memory_bytes)
    arrays |= _moment("deflated", guest.memory())
    arrays |= {
        "inflate_pfns_delta": _delta(inflated.pfns),
        "deflate_pfns_delta": _delta(deflated.pfns),
    }
    arrays["meta"] = json.dumps(
        {
            "kernel": guest.kernel,
            "vmm": f"QEMU {guest.qemu_version()}, TCG",
            "machine": "q35",
            "guest_mib": guest.memory_bytes >> 20,
            "balloon_target_mib": parse_size(balloon) >> 20,
            "ageing": str(guest.ageing) if guest.ageing else None,
        }
    )
    _write(Path(path), arrays)


def _moment(name: str, memory: GuestMemory) -> dict[str, Any]:
    values, codes = np.unique(memory.flags, return_inverse=True)
    code_type = np.uint8 if len(values) <= 256 else np.uint16
    return {
        f"kpageflags_{name}_values": values,
        f"kpageflags_{name}_codes": codes.astype(code_type),
        f"buddyinfo_{name}": memory.buddyinfo,
        f"pagetypeinfo_{name}": memory.pagetypeinfo,
    }


def _delta(pfns: NDArray[np.uint32]) -> NDArray[np.int32]:
    return np.diff(pfns.astype(np.int64), prepend=0).astype(np.int32)


def _write(path: Path, arrays: dict[str, Any]) -> None:
    """Write the file whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
