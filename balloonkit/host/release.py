"""Releasing host memory: the interface a device needs, and a backend that only counts.

The real one is `balloonkit.host.mapping`.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["ModelRelease", "Release", "ReleaseError"]


class ReleaseError(Exception):
    """The kernel refused to release a range.

    Attributes
    ----------
    offset_bytes, length_bytes : int
        The range in the host's mapping.
    """

    def __init__(self, offset_bytes: int, length_bytes: int, problem: str) -> None:
        super().__init__(offset_bytes, length_bytes, problem)
        self.offset_bytes = offset_bytes
        self.length_bytes = length_bytes
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.length_bytes} bytes at offset {self.offset_bytes:#x}: {self.problem}"


class Release(Protocol):
    """What a device asks of the memory it releases; pages are 4 KiB, counted in the mapping.

    Both release methods make one release per page or range, go on after a failure, and return
    the failures.
    """

    #: The host's page: nothing smaller can be released.
    host_page_bytes: int

    def release_pages(self, pages: NDArray[np.int64]) -> list[ReleaseError]:
        """Release single 4 KiB pages, shape (n,), in this order."""

    def release_ranges(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> list[ReleaseError]:
        """Release ranges of pages, shape (n,) each, in this order."""

    def resident_bytes(self) -> int:
        """Return how much of the mapping has memory behind it."""


class ModelRelease:
    """A host without memory: it remembers which pages would be resident.

    All are at first, or those of `resident`, shape (pages,). A page the guest takes back stays away
    here: it would come back when touched, and nothing here touches it.

    Examples
    --------
    >>> host = ModelRelease(pages=512)
    >>> host.release_ranges(np.array([0]), np.array([500]))
    []
    >>> host.resident_bytes() // 4096
    12
    """

    def __init__(
        self,
        pages: int,
        host_page_bytes: int = BALLOON_PAGE_BYTES,
        resident: NDArray[np.bool_] | None = None,
    ) -> None:
        self.host_page_bytes = host_page_bytes
        self.resident = np.ones(pages, bool) if resident is None else resident.copy()

    def release_pages(self, pages: NDArray[np.int64]) -> list[ReleaseError]:
        """Release single pages."""
        self.resident[pages] = False
        return []

    def release_ranges(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> list[ReleaseError]:
        """Release ranges."""
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            self.resident[start : start + count] = False
        return []

    def resident_bytes(self) -> int:
        """Return the bytes not released yet."""
        return int(np.count_nonzero(self.resident)) * BALLOON_PAGE_BYTES
