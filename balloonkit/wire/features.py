"""Feature bits of the balloon device, and what two sides agree on.

Bit 3 is a clash: the proposal of 2017 used it for PAGE_CHUNKS, Linux 4.19 gave it to
FREE_PAGE_HINT. balloonkit speaks the proposal, so a peer of today must not be offered this bit.
"""

from enum import IntFlag

__all__ = ["CLASSIC", "PROPOSED", "Feature", "negotiate"]


class Feature(IntFlag):
    """Bits a balloon device may offer (VIRTIO 1.2 section 5.5.3; PAGE_CHUNKS: posting v10 3/6)."""

    MUST_TELL_HOST = 1 << 0
    STATS_VQ = 1 << 1
    DEFLATE_ON_OOM = 1 << 2
    PAGE_CHUNKS = 1 << 3
    PAGE_POISON = 1 << 4
    REPORTING = 1 << 5


#: What today's driver offers here.
CLASSIC = Feature.MUST_TELL_HOST | Feature.STATS_VQ
#: What the proposal's driver offers here.
PROPOSED = CLASSIC | Feature.PAGE_CHUNKS


def negotiate(driver: Feature, device: Feature) -> Feature:
    """Return the bits both sides understand: a driver accepts a subset of what is offered.

    Without PAGE_CHUNKS in the result both sides speak the classic format.

    Examples
    --------
    >>> negotiate(PROPOSED, CLASSIC) == CLASSIC
    True
    """
    return driver & device
