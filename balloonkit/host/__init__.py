"""The host's half: guest RAM, the balloon device, and the memory it releases. Knows no guest.

Real memory is in `balloonkit.host.process` and `balloonkit.host.mapping`, which are imported only
where it is wanted.
"""

from balloonkit.host.counters import DeviceCounters, Handled, Reason, Rejection
from balloonkit.host.device import BalloonDevice
from balloonkit.host.model import ModelHost
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import ModelRelease, Release, ReleaseError
from balloonkit.limits import MemoryLimitError, check_memory, memory_limit

__all__ = [
    "BalloonDevice",
    "DeviceCounters",
    "GuestRam",
    "Handled",
    "MemoryLimitError",
    "ModelHost",
    "ModelRelease",
    "Reason",
    "Rejection",
    "Release",
    "ReleaseError",
    "check_memory",
    "memory_limit",
]
