"""One look at a guest's memory: the flags of every page, and the kernel's own accounts of it."""

import re
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.page_states import KPF_BUDDY, KPF_OFFLINE
from balloonkit.live.errors import LiveError
from balloonkit.live.shell import GuestShell

__all__ = ["GuestMemory", "available_bytes", "read_memory"]

#: A look is taken between two identical buddyinfos; a settled guest gives that at once.
_ATTEMPTS = 8
_SETTLE_S = 0.1
_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class GuestMemory:
    """What the guest's kernel said about its memory at one moment.

    Attributes
    ----------
    flags : array of uint64, shape (PFNs,)
        ``/proc/kpageflags``; index is the PFN.
    buddyinfo, pagetypeinfo : str
        Text of the files of that name in ``/proc``.
    """

    flags: NDArray[np.uint64]
    buddyinfo: str
    pagetypeinfo: str

    def flagged(self, bit: int) -> NDArray[np.bool_]:
        """Tell which pages have one flag set, shape (PFNs,)."""
        return (self.flags >> np.uint64(bit) & np.uint64(1)).astype(bool)

    @property
    def free(self) -> NDArray[np.bool_]:
        """Pages in the free lists, shape (PFNs,)."""
        return self.flagged(KPF_BUDDY)

    @property
    def ballooned(self) -> NDArray[np.bool_]:
        """Pages inside the balloon, shape (PFNs,)."""
        return self.flagged(KPF_OFFLINE)


def read_memory(shell: GuestShell) -> GuestMemory:
    """Read the guest's page flags at a moment when its free lists stood still.

    Raises
    ------
    LiveError
        If the free lists change during each of several looks.
    """
    rows = int(shell.run("wc -l < /proc/buddyinfo"))
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _SETTLE_S)
        # One process reads all: starting a second would move pages between the two readings.
        answer = shell.run(
            "cat /proc/buddyinfo /proc/kpageflags /proc/buddyinfo /proc/pagetypeinfo", _TIMEOUT_S
        )
        size = _offset_after(answer, rows)
        before, rest = answer[:size], answer[size:]
        # buddyinfo pads its numbers, so the second text is as long as the first unless it differs.
        end = rest.find(before)
        if end >= 0 and end % 8 == 0:
            return GuestMemory(
                np.frombuffer(rest[:end], np.uint64), before.decode(), rest[end + size :].decode()
            )
    raise LiveError(
        f"the guest's free lists changed during each of {_ATTEMPTS} readings: is it still busy?"
    )


def available_bytes(meminfo: str) -> int:
    """Return MemAvailable, the kernel's own estimate of what programs can still take.

    Examples
    --------
    >>> available_bytes("MemTotal:  480284 kB\\nMemAvailable:  1024 kB\\n")
    1048576
    """
    found = re.search(r"^MemAvailable: +(\d+) kB", meminfo, re.MULTILINE)
    if found is None:
        raise LiveError(f"the guest's /proc/meminfo shows no MemAvailable:\n{meminfo}")
    return int(found[1]) << 10


def _offset_after(text: bytes, rows: int) -> int:
    end = 0
    for _ in range(rows):
        end = text.index(b"\n", end) + 1
    return end
