"""What can go wrong with a live guest, one type per remedy."""

__all__ = ["GuestDied", "GuestTimeout", "LiveError", "MissingPackage", "Refused", "TraceLost"]


class LiveError(RuntimeError):
    """Base of every error a live guest raises; the message says what to do."""


class MissingPackage(LiveError):
    """QEMU, a kernel or busybox is neither installed nor obtainable; names the packages."""


class Refused(LiveError):
    """A request this machine or this guest could not survive; shows the figure that is possible."""


class GuestDied(LiveError):
    """QEMU or the guest's kernel is gone; shows how it ended and the guest's last words."""


class GuestTimeout(LiveError):
    """The guest is alive but did not finish in time; shows how far it came."""


class TraceLost(LiveError):
    """QEMU reported fewer pages than the balloon moved: its log could not be written."""
