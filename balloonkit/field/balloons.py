"""Balloons: the guest's driver allocates, and tells the host what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from balloonkit.field.contender import HUGE_ORDER, HUGE_PAGES_2M, Taken
from balloonkit.guest.blocks import join_pfns
from balloonkit.guest.guest import Guest
from balloonkit.host.model import ModelHost
from balloonkit.host.release import ModelRelease, ReleaseError
from balloonkit.host.rules import KIT
from balloonkit.machine import Machine
from balloonkit.paths import PATHS
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["HugeBalloon", "PathBalloon"]


class _Noted(ModelRelease):
    """A host that writes down what it is told to release."""

    def __init__(self, pages: int) -> None:
        super().__init__(pages)
        self.ranges: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def release_pages(self, pages: NDArray[np.int64]) -> list[ReleaseError]:
        self.ranges.append((pages.copy(), np.ones_like(pages)))
        return []

    def release_ranges(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> list[ReleaseError]:
        self.ranges.append((starts.copy(), counts.copy()))
        return []


@dataclass(frozen=True)
class PathBalloon:
    """A path of the race, as it runs in the machine.

    Attributes
    ----------
    path : str
        A name of `balloonkit.paths.PATHS`.
    """

    path: str
    source: str
    unit: str = "page"

    @property
    def title(self) -> str:
        """What the race calls it."""
        return PATHS[self.path].label

    def take(self, guest: Guest, pages: int) -> Taken:
        """Inflate in a machine, and note each release of its host."""
        path = PATHS[self.path]
        host = ModelHost(guest.size_bytes, regions=guest.ram, rule=path.rule or KIT)
        noted = _Noted(host.device.ram.pages)
        host.device.backend = noted
        machine = Machine(guest, host=host, format=path.format, block_alloc=path.block_alloc)
        counts = machine.inflate(pages * BALLOON_PAGE_BYTES).counts
        starts = np.concatenate([np.empty(0, np.int64), *(part for part, _ in noted.ranges)])
        sizes = np.concatenate([np.empty(0, np.int64), *(part for _, part in noted.ranges)])
        return Taken(
            host.device.ram.pfns(starts),
            sizes,
            counts.entries,
            counts.messages,
            counts.allocations,
            counts.translations,
            remark=f"{counts.refused_pages:,} pages refused" if counts.refused_pages else "",
        )


@dataclass(frozen=True)
class HugeBalloon:
    """A balloon whose page is 2 MiB: blocks of order 9 only, told like page numbers.

    Where the guest has no whole block left it stops, however much is free in pieces.
    """

    title: str = "order-9 blocks"
    source: str = "the balloon of luhsra/hyperalloc-bench, patched for EuroSys 2025"
    unit: str = "order-9"

    def take(self, guest: Guest, pages: int) -> Taken:
        """Allocate blocks of order 9, and release each by a call of its own."""
        blocks = join_pfns([guest.buddy.take(pages >> HUGE_ORDER, HUGE_ORDER)])
        number = len(blocks)
        return Taken(
            blocks.astype(np.int64),
            np.full(number, HUGE_PAGES_2M),
            number,
            -(-number // MAX_PFNS),
            number,
            number,
        )
