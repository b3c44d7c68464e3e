"""Fuzz a driver: move its balloon at random, and ask the device what it was told.

A driver keeps its own account of the pages that are in its balloon; the device keeps another, of
the pages it was told of. After every movement the two must name the same pages. One more on the
driver's side is **lost**: the guest cannot use it, and the host does not know it may. One more on
the device's side is **corrupted**: the host discards what the guest still uses.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest import Guest
from balloonkit.host.device import BalloonDevice
from balloonkit.host.model import ModelHost
from balloonkit.machine import Machine
from balloonkit.units import PFN_SHIFT
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PageChunks
from balloonkit.wire.page_bitmap import PageBitmaps

__all__ = ["Driven", "FuzzRound", "ModelDriven", "fuzz", "told_pfns"]

_MOVES = 3  # of one load of the driver: up, and up or down
#: Small ones have edges and full buffers in small guests too.
_BITMAP_BITS = (64, 256, 1024, 4096)
_MESSAGE_CHUNKS = (1, 2, 7, 64, 2047)


class Driven(Protocol):
    """A driver that can be fuzzed, with its guest and its device."""

    def load(self, dice: random.Random) -> str:
        """Load the driver anew, its balloon empty; say with what."""

    def most_pages(self) -> int:
        """Return how many 4 KiB pages the guest could give up."""

    def move(self, pages: int) -> None:
        """Inflate or deflate until so many pages are in the balloon."""

    def taken(self) -> NDArray[np.int64]:
        """List the PFNs the guest says it gave up, ascending."""

    def told(self) -> NDArray[np.int64]:
        """List the PFNs the device was told of, ascending."""

    def damage(self) -> str:
        """Say what else is wrong with the guest; nothing if it is sound."""


@dataclass(frozen=True)
class FuzzRound:
    """One movement, and both accounts after it.

    Attributes
    ----------
    loaded : str
        What the driver was loaded with.
    asked_pages : int
    taken_pfns, told_pfns : int64, shape (n,)
        In the balloon, by the driver and by the device.
    damage : str
        What else was wrong: empty for nothing.
    """

    loaded: str
    asked_pages: int
    taken_pfns: NDArray[np.int64]
    told_pfns: NDArray[np.int64]
    damage: str = ""

    @property
    def lost_pfns(self) -> NDArray[np.int64]:
        """Pages given up that the device was not told of."""
        return np.setdiff1d(self.taken_pfns, self.told_pfns)

    @property
    def corrupted_pfns(self) -> NDArray[np.int64]:
        """Pages of the guest's own that the device was told of."""
        return np.setdiff1d(self.told_pfns, self.taken_pfns)

    @property
    def sound(self) -> bool:
        """Whether both accounts agree, and nothing else is wrong."""
        return np.array_equal(self.taken_pfns, self.told_pfns) and not self.damage


def fuzz(driven: Driven, rounds: int = 30, seed: int = 1) -> Iterator[FuzzRound]:
    """Move a balloon at random, and yield what both sides say after each movement.

    Parameters
    ----------
    driven : Driven
    rounds : int
    seed : int
        The same seed asks for the same.

    Examples
    --------
    >>> rounds = list(fuzz(ModelDriven(Guest.aged("16MiB", seed=1)), rounds=6))
    >>> [one.sound for one in rounds]
    [True, True, True, True, True, True]
    """
    dice = random.Random(seed)
    loaded = ""
    for number in range(rounds):
        if number % _MOVES == 0:
            loaded = driven.load(dice)
        pages = dice.choice((1, dice.randint(1, driven.most_pages())))
        said = ""
        try:
            driven.move(pages)
        except Exception as error:  # of a driver that is being tried, anything may come
            said = f"{type(error).__name__}: {error}"
        yield FuzzRound(loaded, pages, driven.taken(), driven.told(), said or driven.damage())


def told_pfns(device: BalloonDevice) -> NDArray[np.int64]:
    """List the 4 KiB pages a device was told of, as PFNs, ascending."""
    spans = [(gpa >> PFN_SHIFT, size >> PFN_SHIFT) for gpa, size in device.ram.regions]
    pfns = np.concatenate([np.arange(first, first + pages) for first, pages in spans])
    return pfns[device.ballooned]


class ModelDriven:
    """This kit's driver, or one with a format of your own, in a model of a guest.

    Parameters
    ----------
    guest : Guest
        Of 4 KiB pages; it is copied for each load.
    make_format : callable
        Takes the bits of a bitmap and the chunks of a message; returns the format.
    """

    def __init__(
        self,
        guest: Guest,
        make_format: Callable[[int, int], Format] = lambda bits, chunks: PageChunks(
            chunks, bitmaps=PageBitmaps(bits)
        ),
    ) -> None:
        self._guest, self._make_format = guest, make_format
        self._most_pages = int(np.count_nonzero(guest.buddy.free_mask)) // 2

    def load(self, dice: random.Random) -> str:
        """Begin with a copy of the guest, and a format drawn at random."""
        bits, chunks = dice.choice(_BITMAP_BITS), dice.choice(_MESSAGE_CHUNKS)
        blocks = dice.random() < 0.5
        guest = self._guest.copy()
        host = ModelHost(guest.size_bytes, regions=guest.ram)
        wire_format = self._make_format(bits, chunks)
        self._machine = Machine(guest, host=host, format=wire_format, block_alloc=blocks)
        return f"bitmaps of {bits} bits, {chunks} in a message" + (", by blocks" * blocks)

    def most_pages(self) -> int:
        """Return half of what is free."""
        return self._most_pages

    def move(self, pages: int) -> None:
        """Inflate or deflate by the difference."""
        more = pages - len(self._machine.driver.held)
        if more:
            act = self._machine.inflate if more > 0 else self._machine.deflate
            act(abs(more) << PFN_SHIFT)

    def taken(self) -> NDArray[np.int64]:
        """List what the driver holds."""
        return np.sort(self._machine.driver.held).astype(np.int64)

    def told(self) -> NDArray[np.int64]:
        """List what the device was told."""
        host = self._machine.host
        assert isinstance(host, ModelHost)
        return told_pfns(host.device)

    def damage(self) -> str:
        """Say what the device refused."""
        host = self._machine.host
        refused = [str(one) for one in host.counters().last_rejections]
        return f"refused: {'; '.join(refused[:2])}" if refused else ""
