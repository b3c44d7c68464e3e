"""From a running guest to a capture: balloon it, and write down what happened."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balloonkit.captures.write import check_target, write_capture
from balloonkit.live.balloon import BalloonMove
from balloonkit.live.errors import LiveError, RefusedError
from balloonkit.live.free_lists import FreeLists, read_free_lists
from balloonkit.live.memory import GuestMemory
from balloonkit.live.page_layout import PageLayout
from balloonkit.units import format_size

if TYPE_CHECKING:
    from balloonkit.live.guest import LiveGuest

__all__ = ["record"]

#: ``vm.stat_interval`` while a capture is taken, in seconds: longer than any takes.
_STAT_INTERVAL_S = 3600


def record(guest: "LiveGuest", path: Path, target_bytes: int, force: bool = False) -> BalloonMove:
    """Inflate a guest's balloon until it has `target_bytes`, deflate it, and write a capture.

    Raises
    ------
    RefusedError
        If the guest cannot be left with so little.
    LiveError
        If it was so short of memory that pages of the balloon moved.
    OSError
        If the file cannot be written; one that was there before stays as it was.
    """
    check_target(path, force)
    guest.balloon(guest.memory_bytes)
    # First, as a process that ends moves pages between the lists.
    kallsyms = guest.run("grep -E 'vmemmap_base|vmcoreinfo_' /proc/kallsyms || true")
    layout = _layout(guest, kallsyms)
    # Each stat_interval since 6.7 the kernel gives pages of idle per-CPU lists back
    # (decay_pcp_high): the lists would not be those the balloon finds.
    guest.run(f"echo {_STAT_INTERVAL_S} > /proc/sys/vm/stat_interval")
    before = guest.memory()
    free_lists = _free_lists(guest, layout, before)
    inflate = guest.balloon(target_bytes)
    inflated = guest.memory()
    deflate = guest.balloon(guest.memory_bytes)
    # Compaction may also run between the movement and the look at it.
    stayed = np.array_equal(np.sort(inflate.pfns), np.flatnonzero(inflated.ballooned))
    if inflate.migrated or deflate.migrated or not stayed:
        raise LiveError(
            f"balloon to {format_size(target_bytes)}: the guest was so short of memory that it "
            "moved pages of the balloon; capture with a higher target"
        )
    meta = {
        **guest.software,
        "guest_mib": guest.memory_bytes >> 20,
        "balloon_target_mib": target_bytes >> 20,
        "ageing": str(guest.ageing) if guest.ageing else None,
    }
    write_capture(
        path,
        meta,
        guest.boot_texts,
        {"before": before, "inflated": inflated, "deflated": guest.memory()},
        inflate.pfns,
        deflate.pfns,
        free_lists,
        force,
    )
    return inflate


def _layout(guest: "LiveGuest", kallsyms: str) -> PageLayout | None:
    try:
        return PageLayout.of_guest(guest.read_kernel, kallsyms)
    except RefusedError:  # what should be a pointer is no address in this kernel
        return None


def _free_lists(
    guest: "LiveGuest", layout: PageLayout | None, memory: GuestMemory
) -> FreeLists | None:
    """Read the free lists; None if this kernel's memory is not laid out as it says."""
    if layout is None:
        return None
    try:
        return read_free_lists(guest.read_kernel, layout, memory)
    except RefusedError:  # what is a link in a layout we know is no address in this one
        return None
