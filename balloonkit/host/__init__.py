"""The host's half: guest RAM, the balloon device, and the memory it releases. Knows no guest."""

from balloonkit.host.books import Books, Handled, Reason, Rejection
from balloonkit.host.device import BalloonDevice
from balloonkit.host.limits import MemoryLimitError, check_memory, memory_limit
from balloonkit.host.local import LocalHost
from balloonkit.host.mapping import MappingRelease, Verified
from balloonkit.host.process import DeviceLostError, ProcessHost
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import BookRelease, Release, ReleaseError

__all__ = [
    "BalloonDevice",
    "BookRelease",
    "Books",
    "DeviceLostError",
    "GuestRam",
    "Handled",
    "LocalHost",
    "MappingRelease",
    "MemoryLimitError",
    "ProcessHost",
    "Reason",
    "Rejection",
    "Release",
    "ReleaseError",
    "Verified",
    "check_memory",
    "memory_limit",
]
