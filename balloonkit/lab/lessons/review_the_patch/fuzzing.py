"""Inputs of the coda: a driver that is fuzzed, in a model or in a running kernel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.fuzz import FuzzRound, ModelDriven, fuzz
from balloonkit.guest import Guest
from balloonkit.lab.lessons.live_guest.guests import GuestError, failures_in_words
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PageChunks
from balloonkit.wire.page_bitmap import PageBitmaps

__all__ = ["FAULTS", "PLACES", "FuzzModel", "Fuzzed"]

_Entries = NDArray[np.uint64]
_MODEL, _KERNEL = "this kit's model", "a Linux kernel"
#: Where the driver that is fuzzed runs.
PLACES = (_MODEL, _KERNEL)
_ROUNDS = {_MODEL: 12, _KERNEL: 6}
_GUEST, _GUEST_BYTES = "16MiB", 128 << 20


def _forget_last(entries: _Entries) -> _Entries:
    return entries[:-1] if len(entries) > 1 else entries


def _one_too_many(entries: _Entries) -> _Entries:
    longer = entries.copy()
    longer[-1, 1] += 1
    return longer


#: What can be wrong with the model's driver: what it does to the chunks of a message.
FAULTS: dict[str, Callable[[_Entries], _Entries]] = {
    "none": lambda entries: entries,
    "forgets a message's last chunk": _forget_last,
    "last chunk a page too long": _one_too_many,
}


class _Faulty(PageChunks):
    """The proposal's format, its messages changed on their way out."""

    def __init__(self, bits: int, chunks: int, change: Callable[[_Entries], _Entries]) -> None:
        super().__init__(chunks, bitmaps=PageBitmaps(bits))
        self._change = change

    def encode(self, entries: _Entries) -> bytes:
        return super().encode(self._change(entries))


@dataclass(frozen=True)
class Fuzzed:
    """What came of some rounds.

    Attributes
    ----------
    place : str
        Of `PLACES`: where the driver ran.
    seed : int
    rounds : tuple of FuzzRound
    span_pages : int
        PFNs of the guest.
    note : str
        What was asked and could not be done; empty if all was.
    """

    place: str
    seed: int
    rounds: tuple[FuzzRound, ...]
    span_pages: int
    note: str = ""


class FuzzModel(traitlets.HasTraits):
    """Which driver is fuzzed, where, and with what seed.

    Parameters
    ----------
    make_format : callable, optional
        A format of one's own, made from the bits of a bitmap and the chunks of a message; it takes
        the place of the kit's in the model.
    """

    place = traitlets.Enum(PLACES, _MODEL)
    fault = traitlets.Enum(tuple(FAULTS), "none")
    seed = traitlets.Int(1, min=1)

    def __init__(self, make_format: Callable[[int, int], Format] | None = None) -> None:
        super().__init__()
        self._make_format = make_format

    def run(self) -> Fuzzed:
        """Fuzz the driver as it is set."""
        if self.place == _MODEL:
            return self._in_model("")
        note = (
            "" if self.fault == "none" else "faults are the model's: the kernel's driver is sound"
        )
        try:
            return self._in_kernel(note)
        except GuestError as error:
            return self._in_model(f"no kernel here: {' '.join(str(error).split())}")

    def _in_model(self, note: str) -> Fuzzed:
        change = FAULTS[self.fault]
        make = self._make_format or (lambda bits, chunks: _Faulty(bits, chunks, change))
        if self._make_format is not None and self.fault != "none":
            note = f"{note}; the fault is the kit's format's, and yours is fuzzed".lstrip("; ")
        guest = Guest.aged(_GUEST, fragmentation=0.5, seed=self.seed)
        rounds = tuple(fuzz(ModelDriven(guest, make), _ROUNDS[_MODEL], self.seed))
        return Fuzzed(_MODEL, self.seed, rounds, len(guest.buddy.free_mask), note)

    def _in_kernel(self, note: str) -> Fuzzed:
        with failures_in_words():
            from balloonkit.live import LiveGuest
            from balloonkit.live.fuzz import KernelDriven

            with LiveGuest(_GUEST_BYTES, driver="chunks", progress=False) as guest:
                rounds = tuple(fuzz(KernelDriven(guest), _ROUNDS[_KERNEL], self.seed))
                return Fuzzed(_KERNEL, self.seed, rounds, len(guest.memory().flags), note)
