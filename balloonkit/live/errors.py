"""What can go wrong with a live guest, one type per remedy."""

__all__ = [
    "GuestDiedError",
    "GuestTimeoutError",
    "LiveError",
    "MissingPackageError",
    "RefusedError",
    "TraceLostError",
]


class LiveError(RuntimeError):
    """Base of every error a live guest raises; the message says what to do."""


class MissingPackageError(LiveError):
    """QEMU, a kernel or busybox is neither installed nor obtainable; names the packages."""


class RefusedError(LiveError):
    """A request that QEMU or we refuse; shows why, and what is possible if that has a figure."""


class GuestDiedError(LiveError):
    """QEMU or the guest's kernel is gone; shows how it ended and the guest's last words."""


class GuestTimeoutError(LiveError):
    """The guest is alive but did not finish in time; shows how far it came."""


class TraceLostError(LiveError):
    """QEMU reported fewer pages than the balloon moved: its log could not be written."""
