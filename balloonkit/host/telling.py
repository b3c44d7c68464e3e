"""What the device tells a listener of a message: addresses looked up, and pages that must wait."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Listener, Translated, Waiting, pieces
from balloonkit.host.entries import Entries

__all__ = ["tell_translated", "tell_waiting"]

_Numbers = NDArray[np.int64]


def tell_translated(
    listener: Listener, entries: Entries, starts: _Numbers, counts: _Numbers | None
) -> None:
    """Tell where each entry lies in the host; one that a region's edge splits has two places.

    Examples
    --------
    >>> from balloonkit.events import Heard
    >>> entries = Entries(np.array([16]), np.array([3]), 1, ())
    >>> tell_translated(heard := Heard(), entries, np.array([16]), np.array([3]))
    >>> heard[0]
    Translated(pfns=array([16]), pages=array([3]), host_pages=array([16]), look_ups=1)
    """
    sizes = np.ones_like(entries.bases) if entries.sizes is None else entries.sizes
    counts = np.ones_like(starts) if counts is None else counts
    # Pieces follow each other as the pages of the entries do, so a running sum finds the entry.
    before = np.cumsum(counts) - counts
    entry_before = np.cumsum(sizes) - sizes
    entry = np.searchsorted(entry_before, before, side="right") - 1
    pfns = entries.bases[entry] + before - entry_before[entry]
    for piece in pieces(len(starts), listener):
        look_ups = piece.stop - piece.start
        listener.tell(Translated(pfns[piece], counts[piece], starts[piece], look_ups))


def tell_waiting(
    listener: Listener,
    named: tuple[_Numbers, _Numbers | None],
    released: tuple[_Numbers, _Numbers | None],
    pages: int,
) -> None:
    """Tell which of the host pages named were not released, out of `pages` there are.

    Examples
    --------
    >>> from balloonkit.events import Heard
    >>> named, released = (np.array([8]), np.array([12])), (np.array([16]), np.array([4]))
    >>> tell_waiting(heard := Heard(), named, released, pages=32)
    >>> heard[0]
    Waiting(starts=array([8]), counts=array([8]))
    """
    left = np.zeros(pages, bool)
    for (starts, counts), value in ((named, True), (released, False)):
        sizes = np.ones_like(starts) if counts is None else counts
        for start, count in zip(starts.tolist(), sizes.tolist(), strict=True):
            left[start : start + count] = value
    runs = np.flatnonzero(np.diff(left, prepend=False, append=False)).reshape(-1, 2)
    for piece in pieces(len(runs), listener):
        listener.tell(Waiting(runs[piece, 0], runs[piece, 1] - runs[piece, 0]))
