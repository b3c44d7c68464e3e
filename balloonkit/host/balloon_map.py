"""Which 4 KiB pages are in the balloon, and which host pages that frees.

A host page larger than 4 KiB still holds guest data until *all* its 4 KiB parts are ballooned,
by whatever number of messages. A part that is given back makes its host page wanted again.

QEMU and Cloud Hypervisor remember less: the parts of one host page at a time, for one message. At
256 PFNs a message a host page of 2 MiB, which has 512 parts, is never released there (of QEMU 7.2
`balloonkit duel` shows it).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BalloonMap"]


class BalloonMap:
    """State of every 4 KiB page of the mapping.

    Parameters
    ----------
    pages : int
        4 KiB pages in the mapping, a multiple of `host_page_pages`.
    host_page_pages : int
        4 KiB pages in one host page.

    Attributes
    ----------
    ballooned : array of bool, shape (pages,)

    Examples
    --------
    >>> balloon = BalloonMap(pages=64, host_page_pages=16)
    >>> starts, counts = np.array([0, 10]), np.array([10, 30])
    >>> balloon.mark(starts, counts, ballooned=True)
    0
    >>> [part.tolist() for part in balloon.whole_host_pages(starts, counts)]
    [[0, 16], [16, 16]]
    """

    def __init__(self, pages: int, host_page_pages: int = 1) -> None:
        if host_page_pages < 1 or pages % host_page_pages:
            raise ValueError(
                f"{pages} pages: not a multiple of the {host_page_pages} in a host page"
            )
        self.ballooned = np.zeros(pages, bool)
        self.host_page_pages = host_page_pages

    def clear(self) -> None:
        """Forget every page, as a device reset does: the guest owns all its memory again."""
        self.ballooned[:] = False

    def mark_pages(self, pages: NDArray[np.int64], ballooned: bool) -> int:
        """Set single pages, shape (n,), all different; count those that were so already."""
        already = int(np.count_nonzero(self.ballooned[pages]))
        self.ballooned[pages] = ballooned
        return already if ballooned else len(pages) - already

    def mark(self, starts: NDArray[np.int64], counts: NDArray[np.int64], ballooned: bool) -> int:
        """Set ranges, shape (n,) each; count the pages that were so already."""
        already = 0
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            part = self.ballooned[start : start + count]
            inside = int(np.count_nonzero(part))
            already += inside if ballooned else count - inside
            part[:] = ballooned
        return already

    def whole_host_pages(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the host pages the marked ranges touch and that are ballooned whole.

        Returns
        -------
        starts, counts : arrays of int64, shape (m,)
            In 4 KiB pages, multiples of the host page; no host page twice.
        """
        size = self.host_page_pages
        if size == 1:
            return starts, counts
        if (counts == 1).all():
            touched = np.unique(starts // size)
            whole = touched[self.ballooned.reshape(-1, size)[touched].all(axis=1)] * size
            return whole, np.full_like(whole, size)
        done: set[int] = set()  # ranges are disjoint, so only their edges can share a host page

        def claim(host_page: int) -> bool:
            part = self.ballooned[host_page * size : (host_page + 1) * size]
            if host_page in done or not part.all():
                return False
            done.add(host_page)
            return True

        ranges: list[tuple[int, int]] = []
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            first, last = start // size, (start + count - 1) // size
            one_page = first == last
            first += not claim(first)
            if not one_page:
                last -= not claim(last)
            if first <= last:
                ranges.append((first * size, (last - first + 1) * size))
        found = np.array(ranges, np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]
