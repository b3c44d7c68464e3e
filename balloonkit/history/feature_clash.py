"""What a host of today makes of a v10 guest: feature bit 3 has another owner now.

The proposal took bit 3 for PAGE_CHUNKS; Linux and the VIRTIO standard later gave it to
FREE_PAGE_HINT. Offered and accepted in two meanings, it makes the guest send chunks to a host
that reads an array of PFNs.
"""

import numpy as np

from balloonkit.history.faults import Fault
from balloonkit.wire import (
    CLASSIC,
    Feature,
    decode_pfns,
    encode_chunks,
    encode_pfns,
    negotiate,
)

__all__ = ["read_by_todays_host"]

#: What today's host means by bit 3: FREE_PAGE_HINT (VIRTIO 1.2 section 5.5.3).
_TODAY = CLASSIC | Feature(1 << 3)
#: A bit of its own, the first that VIRTIO 1.2 leaves free.
_OWN_BIT = Feature(1 << 6)


def read_by_todays_host(base_pfn: int, pages: int, faults: frozenset[Fault]) -> tuple[int, ...]:
    """Send one chunk to a host of today: the page numbers it reads.

    Examples
    --------
    >>> read_by_todays_host(0x100, 3, frozenset())
    (256, 257, 258)
    """
    chunk_bit = Feature.PAGE_CHUNKS if Fault.B17 in faults else _OWN_BIT
    if negotiate(CLASSIC | chunk_bit, _TODAY) & chunk_bit:
        message = encode_chunks([(base_pfn, pages)])
    else:
        message = encode_pfns(np.arange(base_pfn, base_pfn + pages))
    return tuple(decode_pfns(message).tolist())
