"""How large a live guest can be: large enough for Linux, small enough for this machine."""

from balloonkit.limits import memory_limit
from balloonkit.live.errors import RefusedError
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["bootable_size", "check_left", "check_size"]

#: Below this the kernel and its initramfs do not fit.
MIN_GUEST_BYTES = 128 << 20
#: On top of the guest's RAM: QEMU's own memory, measured 110 MiB, and its trace while we read it.
_QEMU_BYTES = 256 << 20


def check_size(memory_bytes: int) -> None:
    """Refuse a guest of so much RAM if it could not live here now.

    Raises
    ------
    RefusedError
        With the figure that is possible.

    Examples
    --------
    >>> check_size(64 << 20)
    Traceback (most recent call last):
    balloonkit.live.errors.RefusedError: a guest of 64 MiB: Linux needs at least 128 MiB
    """
    shown = f"a guest of {format_size(memory_bytes)}"
    if memory_bytes < MIN_GUEST_BYTES:
        raise RefusedError(f"{shown}: Linux needs at least {format_size(MIN_GUEST_BYTES)}")
    if memory_bytes % (1 << 20):
        raise RefusedError(f"{shown} ({memory_bytes} bytes): not a whole number of MiB")
    limit = memory_limit()
    most_bytes = max(limit.available_bytes - _QEMU_BYTES, 0) >> 20 << 20
    if memory_bytes > most_bytes:
        raise RefusedError(f"{shown}: {limit.source} can give {format_size(most_bytes)} now")


def check_left(target_bytes: int, memory_bytes: int) -> None:
    """Refuse to leave a guest so much if no balloon could.

    Raises
    ------
    RefusedError
        If it is more than the guest has, or ends inside a page.

    Examples
    --------
    >>> check_left(512 << 20, 256 << 20)
    Traceback (most recent call last):
    balloonkit.live.errors.RefusedError: balloon to 512 MiB: the guest's RAM is 256 MiB
    """
    shown = f"balloon to {format_size(target_bytes)}"
    if target_bytes % BALLOON_PAGE_BYTES:
        raise RefusedError(f"{shown} ({target_bytes} bytes): not a whole number of 4 KiB pages")
    if target_bytes > memory_bytes:
        raise RefusedError(f"{shown}: the guest's RAM is {format_size(memory_bytes)}")


def bootable_size(memory_bytes: int) -> int:
    """Halve a size until a guest of it could live here now.

    Raises
    ------
    RefusedError
        If not even the smallest could.

    Examples
    --------
    >>> bootable_size(1 << 50) < 1 << 50
    True
    """
    while True:
        try:
            check_size(memory_bytes)
        except RefusedError:
            if memory_bytes // 2 < MIN_GUEST_BYTES:
                raise
            memory_bytes //= 2
        else:
            return memory_bytes
