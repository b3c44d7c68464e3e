"""Fuzz the driver in a running kernel: its page flags and files, and what the device knows."""

import random
import re

import numpy as np
from numpy.typing import NDArray

from balloonkit.fuzz import told_pfns
from balloonkit.live.driver import DriverOptions
from balloonkit.live.errors import RefusedError
from balloonkit.live.guest import LiveGuest
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["KernelDriven"]

_BITMAP_BITS = (64, 256, 4096, 262144)
_MESSAGE_CHUNKS = (2, 31, 255, 2047)
_FILES = 4
_SPARE_BYTES = 16 << 20
_COMPLAINTS = re.compile(r"Oops|BUG|WARNING|Call Trace|[Bb]ad page|stay out of use")


class KernelDriven:
    """The chunks driver of a live guest; files of random bytes are kept in it as witnesses.

    Parameters
    ----------
    guest : LiveGuest
        Booted with ``driver="chunks"``, and perhaps with `sources` of your own.

    Raises
    ------
    RefusedError
        If its driver is the kernel's own.

    Examples
    --------
    >>> rounds = list(fuzz(KernelDriven(guest), rounds=6))  # doctest: +SKIP
    """

    def __init__(self, guest: LiveGuest) -> None:
        if guest.host is None:
            raise RefusedError("this guest has the stock driver: make one with driver='chunks'")
        self._guest, self._host = guest, guest.host
        write = "dd if=/dev/urandom of=/witness/{} bs=1M count=1 2>/dev/null"
        guest.run("mkdir -p /witness; " + "; ".join(write.format(n) for n in range(_FILES)))
        # Of its own accord the kernel would move pages between two looks.
        guest.run("echo 0 > /proc/sys/vm/compaction_proactiveness")
        self._sums = guest.run("md5sum /witness/*")

    def load(self, dice: random.Random) -> str:
        """Load the module with options drawn at random, into a guest with other free memory."""
        options = DriverOptions(
            by_blocks=dice.random() < 0.5,
            join=dice.random() < 0.5,
            message_chunks=dice.choice(_MESSAGE_CHUNKS),
            bitmap_bits=dice.choice(_BITMAP_BITS),
            max_bitmaps=dice.choice((1, 2, 32)),
        )
        self._guest.load_driver(options)
        self._guest.age(seed=dice.randrange(1000), size=8 << 20)
        return options.words()

    def most_pages(self) -> int:
        """Return what the guest can spare, with some room for its files."""
        guest = self._guest
        spare_bytes = guest.actual() - guest.floor() - _SPARE_BYTES
        held = guest.memory_bytes - guest.actual()
        return max((held + spare_bytes) // BALLOON_PAGE_BYTES, 1)

    def move(self, pages: int) -> None:
        """Inflate or deflate until so many pages are in the balloon."""
        self._guest.balloon(self._guest.memory_bytes - pages * BALLOON_PAGE_BYTES)

    def taken(self) -> NDArray[np.int64]:
        """List the pages the kernel flags as ballooned."""
        return np.flatnonzero(self._guest.memory().ballooned)

    def told(self) -> NDArray[np.int64]:
        """List what the device was told."""
        return told_pfns(self._host.device)

    def damage(self) -> str:
        """Look at the witnesses, and at what the kernel complains of."""
        if self._guest.run("md5sum /witness/*") != self._sums:
            return "a file is not what it was"
        complaint = _COMPLAINTS.search(self._guest.run("dmesg"))
        return f"the kernel says {complaint[0]!r}" if complaint else ""
