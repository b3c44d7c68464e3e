"""A guest that gives the very pages a real driver sent, in the order it sent them.

What a model foretells is one question, what the host makes of a real message another: here nothing
is foretold.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.guest.blocks import Pfns
from balloonkit.guest.guest import Guest, Kernel

__all__ = ["ReplayedGuest"]


class ReplayedGuest(Guest):
    """The guest `guest` whose every allocation is known.

    Its free lists stay as they were before the balloon: pages are handed out from the record, past
    the allocator. It allocates page by page, as the driver did.

    Parameters
    ----------
    guest : Guest
        As it was before the balloon; left as it is.
    sent_pfns : integers, shape (pages,)
        What its driver sent, in wire order. A page sent again is handed out once.

    Attributes
    ----------
    repeated_pages : int
        Pages the driver sent again, left out here.

    Examples
    --------
    >>> guest = ReplayedGuest(Guest.idle("64MiB"), [7, 6, 300, 7])
    >>> guest.take(2).tolist(), guest.take(9).tolist(), guest.repeated_pages
    ([7, 6], [300], 1)
    """

    def __init__(self, guest: Guest, sent_pfns: ArrayLike) -> None:
        self.__dict__.update(guest.copy().__dict__)
        self.kernel = Kernel.LINUX_2017  # whose driver sends pages as they are handed out
        sent = np.asarray(sent_pfns, np.uint32)
        first = np.sort(np.unique(sent, return_index=True)[1])
        self._left: Pfns = sent[first]
        self.repeated_pages = len(sent) - len(first)

    @property
    def left_pages(self) -> int:
        """Count the pages not handed out yet."""
        return len(self._left)

    def copy(self) -> "ReplayedGuest":
        """Return a guest in the same state; the two go on independently."""
        twin = object.__new__(ReplayedGuest)
        twin.__dict__.update(self.__dict__ | super().copy().__dict__)
        return twin

    def take(self, n: int) -> Pfns:
        """Hand out the next `n` pages of the record, or what is left of it."""
        taken, self._left = self._left[:n], self._left[n:]
        return taken

    def take_blocks(self, n: int) -> list[tuple[int, Pfns]]:
        """Refuse: no driver has allocated by blocks yet, so there is none to replay.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(f"{self.name}: its driver allocated page by page; blocks need a model")

    def give_back(self, pfns: ArrayLike) -> None:
        """Put pages back before the others of the record."""
        pages: Any = np.asarray(pfns, np.uint32)
        self._left = np.concatenate((pages, self._left))
