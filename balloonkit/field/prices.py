"""What the published rates of 2025 make a unit cost: fitted, foretold, and how far off.

*Published*: HyperAlloc, EuroSys 2025 (luhsra/hyperalloc-bench), Xeon Gold 6252 under KVM, a guest
of 20 GiB shrunk to 2, in GiB/s. Its plot divides by 20 GiB while 18 are given up, so the rates may
be 11 % high; ratios hold.

*Fitted* on guests that had never touched their memory: one price a unit. *Foretold* for touched
memory: the price, and what freeing costs, which is

* for 4 KiB, `FREE_CALL_S` and `FREE_PAGE_S`: *measured* for this kit on another machine, 2 cores,
  7 of 8 GiB of touched memory: 1,835,008 madvise calls took 3.4 s, one call for all of it 0.45 s;
* for 2 MiB, `FREE_2M_S`: *fitted* on one touched rate, that of order-9 blocks.

*Assumed*: what a page number costs is parted into stages as in 2017, so that joining, chunks and
blocks, which nobody measured in 2025, have a price.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from balloonkit.costs import CLASSIC_2017_S, COSTS_2017, Costs, Counts
from balloonkit.field.contender import HUGE_PAGES_2M, Contender, Taken

__all__ = [
    "FREE_2M_S",
    "FREE_CALL_S",
    "FREE_PAGE_S",
    "PUBLISHED_2025",
    "UNIT_S",
    "Foretold",
    "PublishedRate",
    "foretell_published",
    "seconds_of",
]

_GIVEN_GIB, _DIVIDED_BY_GIB = 18, 20
_PAGES_A_GIB = 1 << 18


class PublishedRate(NamedTuple):
    """One bar of the paper: GiB/s on memory never touched, and touched; what a unit is."""

    title: str
    unit: str
    unit_pages: int
    untouched_gib_s: float
    touched_gib_s: float

    def unit_s(self, rate_gib_s: float) -> float:
        """Return the seconds a unit takes at a rate of theirs."""
        units = _GIVEN_GIB * _PAGES_A_GIB / self.unit_pages
        return _DIVIDED_BY_GIB / rate_gib_s / units


#: The rates, by the unit they price.
PUBLISHED_2025: dict[str, PublishedRate] = {
    rate.unit: rate
    for rate in (
        PublishedRate("virtio-balloon", "page", 1, 1.67, 0.95),
        PublishedRate("balloon, order-9 blocks", "order-9", HUGE_PAGES_2M, 288, 136),
        PublishedRate("virtio-mem", "virtio-mem", HUGE_PAGES_2M, 42.2, 34.5),
        PublishedRate("HyperAlloc", "frame", HUGE_PAGES_2M, 5035, 345),
    )
}
#: Seconds of a unit whose memory was never touched: fitted.
UNIT_S = {unit: rate.unit_s(rate.untouched_gib_s) for unit, rate in PUBLISHED_2025.items()}
#: Seconds to free a touched page of 4 KiB: measured.
FREE_PAGE_S = 0.45 / 1_835_008
#: Seconds for the call that frees it: measured.
FREE_CALL_S = 3.4 / 1_835_008 - FREE_PAGE_S
#: Seconds to free a touched huge page: fitted on order-9 blocks.
FREE_2M_S = PUBLISHED_2025["order-9"].unit_s(136) - UNIT_S["order-9"]

#: Where the model is known to be off, and what may be the reason.
_WHY_OFF = {
    "frame": "HyperAlloc frees runs of frames together, perhaps; the price is that of one at a time"
}


class Foretold(NamedTuple):
    """A published rate beside the model's, in GiB/s; `kind` says fitted or foretold."""

    title: str
    touched: bool
    kind: str
    published_gib_s: float
    model_gib_s: float
    why_off: str

    @property
    def error(self) -> float:
        """How much faster the model is than what was published, as a share."""
        return self.model_gib_s / self.published_gib_s - 1


def foretell_published() -> list[Foretold]:
    """Put the model beside every published rate.

    Examples
    --------
    >>> rows = [row for row in foretell_published() if row.touched]
    >>> [(row.title, row.kind, round(row.error * 100)) for row in rows]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('virtio-balloon', 'foretold', 2), ('balloon, order-9 blocks', 'fitted', 0),
     ('virtio-mem', 'foretold', 5), ('HyperAlloc', 'foretold', -29)]
    """
    rows = []
    for unit, rate in PUBLISHED_2025.items():
        units = _GIVEN_GIB * _PAGES_A_GIB / rate.unit_pages
        free_s = FREE_CALL_S + FREE_PAGE_S if rate.unit_pages == 1 else FREE_2M_S
        for touched, published in ((False, rate.untouched_gib_s), (True, rate.touched_gib_s)):
            model = _DIVIDED_BY_GIB / (units * (UNIT_S[unit] + touched * free_s))
            fitted = not touched or unit == "order-9"
            why = _WHY_OFF.get(unit, "") if touched else ""
            rows.append(
                Foretold(
                    rate.title, touched, "fitted" if fitted else "foretold", published, model, why
                )
            )
    return rows


def _costs_2025() -> Costs:
    """Scale the costs of 2017 to the page number of 2025."""
    pages = 7 * _PAGES_A_GIB
    faster = UNIT_S["page"] / (CLASSIC_2017_S.total / pages)
    scaled = {name: value * faster for name, value in vars(COSTS_2017).items()}
    return replace(COSTS_2017, **scaled)


_COSTS_2025 = _costs_2025()


def seconds_of(contender: Contender, taken: Taken, touched: bool) -> float | None:
    """Return model seconds on the machine of 2025; None where nothing published prices it.

    Whole huge pages are freed as such; the rest page by page.
    """
    if not contender.unit:
        return None
    if contender.unit != "page":
        free_s = FREE_2M_S if touched else 0.0
        return taken.units * (UNIT_S[contender.unit] + free_s)
    counts = Counts(
        taken.pages, taken.allocations, taken.messages, 0, taken.units, taken.translations,
        taken.releases, 0, taken.pages,
    )  # fmt: skip
    first = -(-taken.starts // HUGE_PAGES_2M)
    last = (taken.starts + taken.counts) // HUGE_PAGES_2M
    huge = int(np.maximum(last - first, 0).sum())
    small = taken.pages - huge * HUGE_PAGES_2M
    small_calls = int(np.count_nonzero(taken.counts - np.maximum(last - first, 0) * HUGE_PAGES_2M))
    free_s = huge * FREE_2M_S + small * FREE_PAGE_S + small_calls * FREE_CALL_S
    return _COSTS_2025.stages(counts).total + touched * free_s
