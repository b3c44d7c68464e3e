"""How many pages of a real guest the posted code would have lost, or discarded wrongly."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.history.faults import B1_REPAIRED, Fault
from balloonkit.history.packing import NullPointerError, ascending
from balloonkit.history.v10 import V10Driver
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["PageLoss", "pages_lost"]


@dataclass(frozen=True, eq=False)
class PageLoss:
    """One fill, as the host saw it; all in 4 KiB balloon pages.

    Attributes
    ----------
    ballooned : int
        Pages the guest gave up.
    chunks, messages : int
        What the driver sent.
    lost_pfns : array of int64, ascending
        Given up, never told: lost to guest and host alike.
    foreign_pfns : array of int64, ascending
        Told, not given up: the host discards them while the guest uses them.
    crash : str
        Why the guest's kernel stopped half-way, or "".
    """

    ballooned: int
    chunks: int
    messages: int
    lost_pfns: NDArray[np.int64]
    foreign_pfns: NDArray[np.int64]
    crash: str

    @property
    def lost_share(self) -> float:
        """Lost pages per ballooned page, 0 to 1."""
        return len(self.lost_pfns) / self.ballooned if self.ballooned else 0.0


def pages_lost(
    pfns: ArrayLike,
    faults: Iterable[Fault] = B1_REPAIRED,
    *,
    page_bytes: int = BALLOON_PAGE_BYTES,
    max_bitmaps: int = 32,
) -> PageLoss:
    """Balloon `pfns` in one fill, as v10 does, and compare with what the host was told.

    Parameters
    ----------
    pfns : integers, shape (n,)
        Guest pages; their order does not matter, v10 sorts them into bitmaps.
    faults : iterable of Fault
        Faults left in; by default all that were posted but B1, with which nothing is sent.

    Examples
    --------
    >>> loss = pages_lost([0, 2, 4, 64])
    >>> loss.lost_pfns.tolist(), loss.lost_share
    ([4, 64], 0.5)
    """
    driver = V10Driver(faults, page_bytes=page_bytes, max_bitmaps=max_bitmaps)
    crash = ""
    try:
        driver.inflate(pfns)
    except NullPointerError as error:
        crash = str(error)
    per_page = page_bytes // BALLOON_PAGE_BYTES
    given = _expand(ascending(pfns) * per_page, per_page)
    chunks = [chunk for message in driver.messages for chunk in message.chunks]
    pairs = np.array(chunks, np.int64).reshape(-1, 2)
    told = ascending(_expand(pairs[:, 0], pairs[:, 1]))
    return PageLoss(
        ballooned=len(given),
        chunks=len(chunks),
        messages=len(driver.messages),
        lost_pfns=given[~np.isin(given, told)],
        foreign_pfns=told[~np.isin(told, given)],
        crash=crash,
    )


def _expand(bases: NDArray[np.int64], sizes: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """List every page of ranges that start at `bases`."""
    # A browser's Python counts by 32 bits, and NumPy narrows no counts unasked.
    lengths = np.broadcast_to(np.asarray(sizes, np.intp), bases.shape)
    firsts = np.repeat(bases - np.cumsum(lengths) + lengths, lengths)
    pages: NDArray[np.int64] = firsts + np.arange(len(firsts))
    return pages
