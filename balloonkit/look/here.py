"""The machine this runs on, read from its own ``/proc``."""

from contextlib import suppress
from pathlib import Path

__all__ = ["machine_texts"]

# What anyone may read; pagetypeinfo wants rights.
_OPEN_TEXTS = ("buddyinfo", "zoneinfo")


def machine_texts(proc: Path = Path("/proc")) -> bytes:
    """Return this machine's texts about free memory, as far as the rights go.

    Raises
    ------
    OSError
        If there is no ``/proc/buddyinfo``, as on a system that is not Linux.
    """
    texts = [(proc / name).read_bytes() for name in _OPEN_TEXTS]
    with suppress(PermissionError):
        texts.append((proc / "pagetypeinfo").read_bytes())
    return b"\n".join(texts)
