"""Devices set up otherwise: large host pages, a graphics card, a machine at reset."""

import numpy as np

from balloonkit.duel.case import DuelSetup
from balloonkit.duel.families.family import Families
from balloonkit.duel.script import FIRST_PFN, HIGH_BYTES, LOW_BYTES, Script
from balloonkit.wire.queue import Queue

SETUPS = Families("other set-ups")
_INFLATE = Queue.INFLATE
_HOST_PAGE = "says nothing of host pages larger than 4096 bytes"
#: 2 MiB: the host pages x86 has beside 4 KiB ones.
HUGE = DuelSetup("huge", LOW_BYTES, HIGH_BYTES, host_page_bytes=2 << 20)
#: A graphics card's memory where `GRAPHICS_GPA` says.
GRAPHICS = DuelSetup("graphics", LOW_BYTES, HIGH_BYTES, graphics=True)
AT_RESET = DuelSetup("at reset", LOW_BYTES, HIGH_BYTES, shadow_ram=False)
#: Where the graphics card's memory is mapped, and how much of it.
GRAPHICS_GPA, GRAPHICS_BYTES = 0xE0000000, 16 << 20
_PARTS = 512
_ARRAY = "the descriptor describing the resulting 32-bit array is added to the inflateq"


def _huge_page(s: Script) -> np.ndarray:
    first = _PARTS * int(s.rng.integers(1, LOW_BYTES >> 21))
    return np.arange(first, first + _PARTS, dtype="<u4")


@SETUPS.add("host page of 2 MiB, one message", "5.5.6", _HOST_PAGE, setup=HUGE, share=2)
def _one_message(s: Script) -> None:
    s.send(_INFLATE, s.rng.permutation(_huge_page(s)))


@SETUPS.add("host page of 2 MiB, two messages", "5.5.6", _HOST_PAGE, setup=HUGE, share=2)
def _two_messages(s: Script) -> None:
    page = _huge_page(s)
    s.send(_INFLATE, page[:256])
    s.send(_INFLATE, page[256:])


@SETUPS.add("host page of 2 MiB, one part short", "5.5.6", _HOST_PAGE, setup=HUGE, share=2)
def _one_short(s: Script) -> None:
    s.send(_INFLATE, s.rng.permutation(_huge_page(s))[1:])


@SETUPS.add("two host pages of 2 MiB, mixed", "5.5.6", _HOST_PAGE, setup=HUGE, share=2)
def _mixed(s: Script) -> None:
    first = _PARTS * int(s.rng.integers(1, 3))
    s.send(_INFLATE, np.arange(first, first + 2 * _PARTS).reshape(2, _PARTS).T.ravel())


@SETUPS.add("graphics memory", "5.5.6", "unused memory pages", setup=GRAPHICS, share=2)
def _graphics(s: Script) -> None:
    inside = (GRAPHICS_GPA >> 12) + int(s.rng.integers(GRAPHICS_BYTES >> 12))
    s.send(_INFLATE, [inside, *s.pfns(1)])


@SETUPS.add("RAM no BIOS has mapped", "5.5.6", "unused memory pages", setup=AT_RESET, share=2)
def _at_reset(s: Script) -> None:
    unmapped = s.rng.integers(0xC0, FIRST_PFN, 3)
    s.send(_INFLATE, np.unique(np.concatenate([unmapped, s.pfns(2)])))
