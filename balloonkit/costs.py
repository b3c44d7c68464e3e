"""The model clock: seconds per stage, from counts and a handful of unit costs.

`COSTS_2017` is calibrated on six figures of the proposal (VIRTIO_BALLOON_F_PAGE_CHUNKS, v10, 4 May
2017: 7 GiB of an idle 8 GiB guest, 1,835,008 pages). *Fitted*, so they come out by construction:

* classic, 4126 ms in all: allocate 6.5 %, send 68.3 %, translate 6.1 %, madvise 19 % (taken as
  what the other three leave, 19.1 %, so that the parts make up the total);
* chunks, about 590 ms in all. What allocation leaves of it can be neither 1 message nor a few dozen
  madvise calls, so it is taken as a cost for every page inside a madvise call. That splits the
  classic 0.427 us of a one-page call into a call and a page.

*Assumed*: what 2818 ms of sending were paid for. Every classic message was full, so 7168 messages
at 393 us fit the mail as well as 1,835,008 page numbers at 1.54 us, or half of each; `costs_2017`
takes the answer as a choice. An idle guest cannot tell the choices apart, a checkerboard can.

*Predicted*, with no figure of 2017 to check against: every other guest, size and fragmentation,
more than one message of chunks, and allocation by blocks (a call costs the same at any order).
The proposal published no cost for building bitmaps; it is inside the per-page cost.

No price here is *measured*; `GROUNDS` says of each whether it is fitted or assumed.
"""

from dataclasses import dataclass, fields
from typing import Literal

__all__ = [
    "CHUNKS_TOTAL_2017_S",
    "CLASSIC_2017_S",
    "COSTS_2017",
    "GROUNDS",
    "PAID_BY",
    "PRICES",
    "Costs",
    "Counts",
    "Price",
    "Stages",
    "costs_2017",
]

#: What sending is paid by: the message whatever its length, the entry, or half and half.
Price = Literal["message", "entry", "half"]
#: The share of 2017's sending that each price puts on the message; the entry bears the rest.
PRICES: dict[Price, float] = {"message": 1.0, "entry": 0.0, "half": 0.5}


#: Each price in the words of a table.
PAID_BY: dict[Price, str] = {
    "message": "the message",
    "entry": "the entry",
    "half": "message and entry, half each",
}
#: What each unit cost of 2017 rests on, by its name in `Costs`.
GROUNDS: dict[str, str] = {
    "allocation_s": "fitted: 6.5 % of 4126 ms, over 1,835,008 pages",
    "message_s": "assumed: a share of 68.3 % of 4126 ms, over 7168 messages; see PRICES",
    "entry_s": "assumed: the rest of it, over 1,835,008 page numbers; see PRICES",
    "translation_s": "fitted: 6.1 % of 4126 ms, over 1,835,008 pages",
    "release_call_s": "fitted: what the pages leave of 19.1 % of 4126 ms, over 1,835,008 calls",
    "release_page_s": "fitted to 590 ms, and assumed to be release: the mail gives no stages there",
}


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

    Attributes
    ----------
    allocation_s, translation_s : float
        A call into the guest's allocator; an address look-up. Fitted.
    message_s, entry_s : float
        A message whatever its length; an entry in it. Their sum is fitted, the parts are assumed.
    release_call_s, release_page_s : float
        A madvise call, and each page in it. Fitted.

    Examples
    --------
    >>> pages = 1_835_008  # 7 GiB, none refused
    >>> seven_gib = Counts(pages, pages, 7168, pages * 4, pages, pages, pages, 0, pages)
    >>> round(COSTS_2017.stages(seven_gib).total * 1000)
    4126
    """

    allocation_s: float
    message_s: float
    entry_s: float
    translation_s: float
    release_call_s: float
    release_page_s: float

    def stages(self, counts: Counts) -> Stages:
        """Return the model seconds of each stage for these counts."""
        return Stages(
            allocate=counts.allocations * self.allocation_s,
            send=counts.messages * self.message_s + counts.entries * self.entry_s,
            translate=counts.translations * self.translation_s,
            release=counts.releases * self.release_call_s
            + counts.released_pages * self.release_page_s,
        )


def costs_2017(price: Price = "message") -> Costs:
    """Return the unit costs of 2017, with sending paid by the message, the entry, or half and half.

    Under each of them the published figures come out.

    Raises
    ------
    ValueError
        If there is no such price.

    Examples
    --------
    >>> [round(costs_2017(price).message_s * 1e6) for price in PRICES]
    [393, 0, 197]
    >>> [round(costs_2017(price).entry_s * 1e6, 2) for price in PRICES]
    [0.0, 1.54, 0.77]
    """
    if price not in PRICES:
        raise ValueError(f"price {price!r}: choose from {', '.join(PRICES)}")
    message_s = CLASSIC_2017_S.send / _MESSAGES_2017 * PRICES[price]
    entry_s = CLASSIC_2017_S.send / _PAGES_2017 * (1 - PRICES[price])
    # One message; the few entries and calls of an idle guest vanish beside the pages.
    release_page_s = (CHUNKS_TOTAL_2017_S - CLASSIC_2017_S.allocate - message_s) / _PAGES_2017
    return Costs(
        allocation_s=CLASSIC_2017_S.allocate / _PAGES_2017,
        message_s=message_s,
        entry_s=entry_s,
        translation_s=CLASSIC_2017_S.translate / _PAGES_2017,
        release_call_s=CLASSIC_2017_S.release / _PAGES_2017 - release_page_s,
        release_page_s=release_page_s,
    )


#: Unit costs behind the published figures of 2017, with sending assumed to be paid by the message.
COSTS_2017 = costs_2017()
