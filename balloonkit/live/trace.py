"""QEMU's trace log, read back as what it is: pages sent, messages, and sizes released.

Debian's and Ubuntu's QEMU carry one trace backend, ``log``: a line of text per event. The events
are those of QEMU 7.2 (``qemu-system-x86_64 -trace help`` lists them).
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.errors import TraceLostError
from balloonkit.units import PFN_SHIFT

__all__ = ["EVENTS", "BalloonTrace", "QueueTrace", "parse_trace"]

_KICK = "virtio_queue_notify"  # a device begins to handle a queue
_PAGE = "virtio_balloon_handle_output"  # a PFN taken from a message, inflate and deflate alike
_RELEASE = "ram_block_discard_range"  # one madvise call
_ACK = "virtio_notify"  # a device has acknowledged a message

#: Events QEMU is asked to trace.
EVENTS = (_KICK, _PAGE, _RELEASE, _ACK)

_INFLATE_QUEUE, _DEFLATE_QUEUE = 0, 1  # VIRTIO 1.2 section 5.5.2


@dataclass(frozen=True)
class QueueTrace:
    """What came over one queue.

    Attributes
    ----------
    pfns : array of uint32
        Page frame numbers in the order they arrived.
    messages : int
        Messages they arrived in.
    """

    pfns: NDArray[np.uint32]
    messages: int


@dataclass(frozen=True)
class BalloonTrace:
    """What QEMU saw between two looks at its log.

    Attributes
    ----------
    inflate, deflate : QueueTrace
        Both carry pages in an inflate as in a deflate when the guest's kernel moves a page of the
        balloon elsewhere: the new place is inflated, the old one deflated.
    released_bytes : array of uint64
        Size of each range given back to the host, one madvise call each.
    """

    inflate: QueueTrace
    deflate: QueueTrace
    released_bytes: NDArray[np.uint64]

    def then(self, later: "BalloonTrace") -> "BalloonTrace":
        """Put what was seen later behind this."""
        inflate, deflate = (
            QueueTrace(np.concatenate((a.pfns, b.pfns)), a.messages + b.messages)
            for a, b in ((self.inflate, later.inflate), (self.deflate, later.deflate))
        )
        released_bytes = np.concatenate((self.released_bytes, later.released_bytes))
        return BalloonTrace(inflate, deflate, released_bytes)


def parse_trace(lines: Iterable[bytes]) -> BalloonTrace:
    """Read the lines of QEMU's trace log; others are skipped.

    Raises
    ------
    TraceLostError
        If a line of an event is cut, as on a full disk.

    Examples
    --------
    >>> trace = parse_trace([
    ...     b"virtio_queue_notify vdev 0x1 n 0 vq 0x2",
    ...     b"virtio_balloon_handle_output section name: ram gpa: 0x5000",
    ...     b"ram_block_discard_range ram@0x7f00 + 0x1000: madvise: 1 fallocate: 0 ret: 0",
    ...     b"virtio_notify vdev 0x1 vq 0x2",
    ... ])
    >>> trace.inflate.pfns.tolist(), trace.inflate.messages, trace.released_bytes.tolist()
    ([5], 1, [4096])
    """
    kick, page, release, ack = (event.encode() for event in EVENTS)
    pfns = {_INFLATE_QUEUE: array("I"), _DEFLATE_QUEUE: array("I")}
    messages = {_INFLATE_QUEUE: 0, _DEFLATE_QUEUE: 0}
    released_bytes = array("Q")
    # Other devices kick and acknowledge too, but never between the kick, the pages and the
    # acknowledgement of one message: QEMU holds its big lock over them.
    queue, message_open = _INFLATE_QUEUE, False
    for number, line in enumerate(lines, 1):
        try:
            if page in line:
                pfns[queue].append(int(line[line.rindex(b"0x") :], 16) >> PFN_SHIFT)
                message_open = True
            elif release in line:
                released_bytes.append(int(line.partition(b" + ")[2].partition(b":")[0], 16))
            elif kick in line:
                queue = int(line.partition(b" n ")[2].split()[0])
            elif ack in line and message_open:
                messages[queue] += 1
                message_open = False
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            raise TraceLostError(
                f"QEMU's trace, line {number}: cut or damaged: {line!r}"
            ) from error
    inflate, deflate = (QueueTrace(np.array(pfns[q], np.uint32), messages[q]) for q in pfns)
    return BalloonTrace(inflate, deflate, np.array(released_bytes, np.uint64))
