"""A capture of the machine this runs on: one moment, no balloon."""

import platform
from pathlib import Path

from balloonkit.captures.iomem import ram_ranges
from balloonkit.captures.write import check_target, write_capture
from balloonkit.live.memory import GuestMemory
from balloonkit.look.here import read_pages

__all__ = ["snapshot_here"]


def snapshot_here(path: str | Path, force: bool = False, proc: Path = Path("/proc")) -> None:
    """Write the memory of this machine, as it is now, to a capture.

    Parameters
    ----------
    path : str or Path
        File to write, ``.npz``.
    force : bool
        Replace an ordinary file of this name.
    proc : Path
        Where the kernel's files are found.

    Raises
    ------
    PermissionError
        Without the rights to read ``/proc/kpageflags``.
    OSError
        If the file cannot be written; one that was there before stays as it was.
    """
    path = Path(path)
    check_target(path, force)
    pages = read_pages(proc)
    ram_bytes = sum(size_bytes for _, size_bytes in ram_ranges(pages.iomem))
    meta = {
        "snapshot": True,
        "kernel": platform.release(),
        "guest_mib": -(-ram_bytes >> 20),
        "read_s": round(pages.read_s, 3),
        "buddyinfo_after": pages.buddyinfo_after,
    }
    texts = {"iomem_boot": pages.iomem, "zoneinfo_boot": pages.zoneinfo}
    memory = GuestMemory(pages.flags, pages.buddyinfo_before, pages.pagetypeinfo)
    write_capture(path, meta, texts, {"before": memory}, None, None, force=force)
