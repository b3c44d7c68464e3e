"""A real Linux guest under QEMU, aged and ballooned from Python; needs no virtualisation rights."""

from balloonkit.live.balloon import BalloonMove
from balloonkit.live.capture import capture
from balloonkit.live.driver import DriverOptions
from balloonkit.live.errors import (
    GuestDiedError,
    GuestTimeoutError,
    LiveError,
    MissingPackageError,
    RefusedError,
    TraceLostError,
)
from balloonkit.live.guest import LiveGuest
from balloonkit.live.memory import GuestMemory
from balloonkit.live.steps import step_kernel

__all__ = [
    "BalloonMove",
    "DriverOptions",
    "GuestDiedError",
    "GuestMemory",
    "GuestTimeoutError",
    "LiveError",
    "LiveGuest",
    "MissingPackageError",
    "RefusedError",
    "TraceLostError",
    "capture",
    "step_kernel",
]
