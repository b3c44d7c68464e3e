"""A real Linux guest under QEMU, aged and ballooned from Python; needs no virtualisation rights."""

from balloonkit.live.balloon import BalloonMove
from balloonkit.live.errors import (
    GuestDiedError,
    GuestTimeoutError,
    LiveError,
    MissingPackageError,
    RefusedError,
    TraceLostError,
)
from balloonkit.live.guest import Guest
from balloonkit.live.memory import GuestMemory
from balloonkit.live.record import capture

__all__ = [
    "BalloonMove",
    "Guest",
    "GuestDiedError",
    "GuestMemory",
    "GuestTimeoutError",
    "LiveError",
    "MissingPackageError",
    "RefusedError",
    "TraceLostError",
    "capture",
]
