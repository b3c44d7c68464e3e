"""QEMU's trace log, read back as what it is: pages sent, messages, and ranges released.

Debian's and Ubuntu's QEMU carry one trace backend, ``log``: a line of text per event (``qemu
-trace help`` lists the events). Three are needed, all present since QEMU 2.10 (2017).
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.units import PFN_SHIFT

__all__ = ["EVENTS", "BalloonTrace", "parse_trace"]

#: virtio_balloon_handle_output: one line per PFN taken from a message, inflate and deflate alike.
#: virtio_notify: a message has been acknowledged. ram_block_discard_range: one madvise call.
EVENTS = ("virtio_balloon_handle_output", "virtio_notify", "ram_block_discard_range")

_LINE = re.compile(
    rb"virtio_balloon_handle_output .*gpa: (0x[0-9a-f]+)"
    rb"|virtio_(notify)"
    rb"|ram_block_discard_range .*@(0x[0-9a-f]+) \+ (0x[0-9a-f]+)"
)


@dataclass(frozen=True)
class BalloonTrace:
    """What QEMU saw between two looks at its log.

    Attributes
    ----------
    pfns : array of uint32
        Page frame numbers in the order they arrived.
    messages : int
        Messages they arrived in.
    released : array of uint64, shape (n, 2)
        Address in QEMU and bytes of each range given back to the host, one madvise call each.
    """

    pfns: NDArray[np.uint32]
    messages: int
    released: NDArray[np.uint64]


def parse_trace(log: bytes) -> BalloonTrace:
    """Read QEMU's trace log.

    Examples
    --------
    >>> parse_trace(
    ...     b"virtio_balloon_handle_output section name: pc.ram gpa: 0x5000\\n"
    ...     b"ram_block_discard_range pc.ram@0x7f00 + 0x1000: madvise: 1 fallocate: 0 ret: 0\\n"
    ...     b"virtio_notify vdev 0x1 vq 0x2\\n"
    ... )
    BalloonTrace(pfns=array([5], dtype=uint32), messages=1, released=array([[32512,  4096]], \
dtype=uint64))
    """
    pfns: list[int] = []
    released: list[tuple[int, int]] = []
    messages, open_message = 0, False
    for gpa, notify, address, length in _LINE.findall(log):
        if gpa:
            pfns.append(int(gpa, 16) >> PFN_SHIFT)
            open_message = True
        elif notify:
            # Other devices notify too, but never between the pages of one message: QEMU takes a
            # whole message under its big lock.
            messages += open_message
            open_message = False
        else:
            released.append((int(address, 16), int(length, 16)))
    return BalloonTrace(
        np.array(pfns, np.uint32), messages, np.array(released, np.uint64).reshape(-1, 2)
    )
