"""The classic message: page frame numbers, four bytes each; Linux sends up to 256.

One message is one buffer on the virtqueue, one kick, and a wait for the ack before the next
(Linux 6.1 ``drivers/virtio/virtio_balloon.c``, ``tell_host``).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.wire.errors import TooManyEntriesError, WireError

__all__ = ["MAX_PFNS", "PFN_BYTES", "decode_pfns", "encode_pfns", "pfn_messages", "split_pfns"]

#: VIRTIO_BALLOON_ARRAY_PFNS_MAX: PFNs in one message of Linux's driver, which has an array of that
#: size. The specification sets no limit.
MAX_PFNS = 256
#: An le32 each; a 4 KiB page number of 32 bits reaches 16 TiB.
PFN_BYTES = 4


def encode_pfns(pfns: ArrayLike) -> bytes:
    """Write one classic message: `pfns`, shape (n,), in the given order, n <= 256.

    Raises
    ------
    WireError
        If there are more than 256 PFNs, or one does not fit 32 bits.

    Examples
    --------
    >>> encode_pfns([1, 256]).hex(" ", 4)
    '01000000 00010000'
    """
    array = np.asarray(pfns)
    if array.ndim != 1 or len(array) > MAX_PFNS:
        raise WireError(f"PFNs of shape {array.shape}: one message takes at most {MAX_PFNS}")
    if array.dtype != np.uint32 and len(array):
        if array.dtype.kind not in "iu":
            raise WireError(f"PFNs of type {array.dtype}: give whole numbers")
        if array.min() < 0 or array.max() >= 1 << 32:
            bad = array[(array < 0) | (array >= 1 << 32)][0]
            raise WireError(f"PFN {bad}: a classic message holds 32-bit numbers")
    return array.astype("<u4").tobytes()


def decode_pfns(data: bytes | bytearray | memoryview) -> NDArray[np.uint32]:
    """Read one classic message back: PFNs in wire order, shape (n,).

    Raises
    ------
    WireError
        If the length is not a whole number of PFNs or exceeds 256 of them.

    Examples
    --------
    >>> decode_pfns(bytes([1, 0, 0, 0, 0, 1, 0, 0])).tolist()
    [1, 256]
    """
    return split_pfns(data, MAX_PFNS)


def split_pfns(
    data: bytes | bytearray | memoryview, max_pfns: int | None = None
) -> NDArray[np.uint32]:
    """Check a message's frame, and return its PFNs: all there is to check in this format.

    Raises
    ------
    WireError
        If the length is not a whole number of PFNs, or exceeds `max_pfns` of them.

    Examples
    --------
    >>> split_pfns(bytes(5))
    Traceback (most recent call last):
    balloonkit.wire.errors.WireError: message of 5 bytes: not a whole number of 4-byte PFNs
    """
    if len(data) % PFN_BYTES:
        raise WireError(f"message of {len(data)} bytes: not a whole number of 4-byte PFNs")
    if max_pfns is not None and len(data) > max_pfns * PFN_BYTES:
        count = len(data) // PFN_BYTES
        raise TooManyEntriesError(f"message of {count} PFNs: at most {max_pfns} are taken")
    return np.frombuffer(data, "<u4")


def pfn_messages(pfns: NDArray[np.uint32], per_message: int = MAX_PFNS) -> Iterator[bytes]:
    """Cut `pfns` into the messages that carry them, in order; the last may be short.

    Examples
    --------
    >>> [len(m) for m in pfn_messages(np.arange(600, dtype=np.uint32))]
    [1024, 1024, 352]
    """
    for start in range(0, len(pfns), per_message):
        yield encode_pfns(pfns[start : start + per_message])
