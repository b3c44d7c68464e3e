"""The model clock: seconds per stage, from counts and a handful of unit costs.

`COSTS_2017` is calibrated on six figures of the proposal (VIRTIO_BALLOON_F_PAGE_CHUNKS, v10, 4 May
2017: 7 GiB of an idle 8 GiB guest, 1,835,008 pages). *Fitted*, so they come out by construction:

* classic, 4126 ms in all: allocate 6.5 %, send 68.3 %, translate 6.1 %, madvise 19 % (taken as
  what the other three leave, 19.1 %, so that the parts make up the total);
* chunks, about 590 ms in all. What allocation leaves of it can be neither 1 message nor a few dozen
  madvise calls, so it is taken as a cost for every page inside a madvise call. That splits the
  classic 0.427 us of a one-page call into a call and a page.

*Predicted*, with no figure of 2017 to check against: every other guest, size and fragmentation,
more than one message of chunks, and allocation by blocks (a call costs the same at any order).
The proposal published no cost for building bitmaps; it is inside the per-page cost.
"""

from dataclasses import dataclass, fields

__all__ = ["CHUNKS_TOTAL_2017_S", "CLASSIC_2017_S", "COSTS_2017", "Costs", "Counts", "Stages"]


@dataclass(frozen=True)
class Counts:
    """What one inflate or deflate did, on both sides.

    Attributes
    ----------
    pages : int
        4 KiB balloon pages told and acknowledged.
    allocations : int
        Calls into the guest's page allocator.
    messages, bytes, entries : int
        Over the virtqueue; an entry is a PFN or a chunk.
    translations, releases : int
        Address look-ups and madvise calls in the host.
    refused_pages : int
        Of those told, pages the host did not do, such as pages outside its RAM.
    released_pages : int
        4 KiB pages the host released, which an inflate is for.
    """

    pages: int
    allocations: int
    messages: int
    bytes: int
    entries: int
    translations: int
    releases: int
    refused_pages: int
    released_pages: int


@dataclass(frozen=True)
class Stages:
    """Seconds in each of the four stages.

    Examples
    --------
    >>> Stages(1.0, 2.0, 0.5, 0.5).total
    4.0
    """

    allocate: float
    send: float
    translate: float
    release: float

    @property
    def total(self) -> float:
        """Seconds in all four."""
        return self.allocate + self.send + self.translate + self.release

    def as_dict(self) -> dict[str, float]:
        """Return the stages and their total, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"total": self.total}


_PAGES_2017 = 7 << 18
_MESSAGES_2017 = _PAGES_2017 // 256
_TOTAL_2017_S = 4.126

#: The classic breakdown as published: shares of 4126 ms.
CLASSIC_2017_S = Stages(*(share * _TOTAL_2017_S for share in (0.065, 0.683, 0.061, 0.191)))
#: The chunk path's total as published ("about 590 ms").
CHUNKS_TOTAL_2017_S = 0.590


@dataclass(frozen=True)
class Costs:
    """Unit costs in seconds.

    Examples
    --------
    >>> pages = 1_835_008  # 7 GiB, none refused
    >>> seven_gib = Counts(pages, pages, 7168, pages * 4, pages, pages, pages, 0, pages)
    >>> round(COSTS_2017.stages(seven_gib).total * 1000)
    4126
    """

    allocation_s: float
    message_s: float
    translation_s: float
    release_call_s: float
    release_page_s: float

    def stages(self, counts: Counts) -> Stages:
        """Return the model seconds of each stage for these counts."""
        return Stages(
            allocate=counts.allocations * self.allocation_s,
            send=counts.messages * self.message_s,
            translate=counts.translations * self.translation_s,
            release=counts.releases * self.release_call_s
            + counts.released_pages * self.release_page_s,
        )


def _calibrate() -> Costs:
    message_s = CLASSIC_2017_S.send / _MESSAGES_2017
    # One message; the few translations and calls of an idle guest vanish beside the pages.
    release_page_s = (CHUNKS_TOTAL_2017_S - CLASSIC_2017_S.allocate - message_s) / _PAGES_2017
    return Costs(
        allocation_s=CLASSIC_2017_S.allocate / _PAGES_2017,
        message_s=message_s,
        translation_s=CLASSIC_2017_S.translate / _PAGES_2017,
        release_call_s=CLASSIC_2017_S.release / _PAGES_2017 - release_page_s,
        release_page_s=release_page_s,
    )


#: Unit costs behind the published figures of 2017; some are fitted, none was measured here.
COSTS_2017 = _calibrate()
