"""Which pages a message names: the edges of RAM and beyond, twice, or those it lies in itself."""

import numpy as np

from balloonkit.duel.families.family import Families
from balloonkit.duel.script import BUFFERS, HIGH_PFN, HIGH_PFNS, LOW_PFNS, Script
from balloonkit.units import PFN_SHIFT
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.queue import Queue

PAGES = Families("pages named")
_INFLATE, _DEFLATE = Queue.INFLATE, Queue.DEFLATE
_SILENT = "says nothing of addresses that are no RAM, or are named twice"
_MODIFY = (
    "The device MAY modify the contents of a page in the balloon after detecting its physical "
    "number in an inflate request and before acknowledging the inflate request."
)


@PAGES.add("edges of RAM", "5.5.6", "divided by 4096, whatever the guest's page size")
def _edges(s: Script) -> None:
    edges = [LOW_PFNS - 1, HIGH_PFN, HIGH_PFN + HIGH_PFNS - 1, 0x100]
    s.send(_INFLATE, s.rng.permutation(edges))


@PAGES.add("hole below 4 GiB", "5.5.6", _SILENT)
def _hole(s: Script) -> None:
    holes = s.rng.integers(LOW_PFNS, 0xF0000, 4)
    s.send(_INFLATE, s.rng.permutation(np.concatenate([holes, s.pfns(4)])))


@PAGES.add("beyond the end of RAM", "5.5.6", _SILENT)
def _beyond(s: Script) -> None:
    outside = s.rng.integers(HIGH_PFN + HIGH_PFNS, 1 << 32, 4)
    s.send(_INFLATE, s.rng.permutation(np.concatenate([outside, s.pfns(4), [0xFFFFFFFF]])))


@PAGES.add("just outside each region", "5.5.6", _SILENT)
def _just_outside(s: Script) -> None:
    s.send(_INFLATE, [LOW_PFNS, HIGH_PFN - 1, HIGH_PFN + HIGH_PFNS])


@PAGES.add("named twice in a message", "5.5.6", _SILENT)
def _twice(s: Script) -> None:
    pfns = s.pfns(int(s.rng.integers(1, 60)))
    again = pfns[: int(s.rng.integers(1, len(pfns) + 1))]
    s.send(_INFLATE, s.rng.permutation(np.concatenate([pfns, again])))


@PAGES.add("inflated twice", "5.5.6", _SILENT)
def _inflated_twice(s: Script) -> None:
    pfns = s.pfns(int(s.rng.integers(1, 60)))
    s.send(_INFLATE, pfns)
    s.send(_INFLATE, pfns)


@PAGES.add("deflated, never inflated", "5.5.6.1", "pages it wants to use from the balloon")
def _never_inflated(s: Script) -> None:
    s.send(_DEFLATE, s.pfns(int(s.rng.integers(1, 60))))


@PAGES.add("deflated beyond RAM", "5.5.6", _SILENT)
def _deflated_beyond(s: Script) -> None:
    s.send(_DEFLATE, np.concatenate([s.pfns(2), [LOW_PFNS, 0xFFFFFFFF]]))


@PAGES.add("message that names its own page", "5.5.6.2", _MODIFY)
def _own_page(s: Script) -> None:
    # The page is named first: what a device reads after it, it reads from a page it has released.
    later = s.pfns(int(s.rng.integers(1, 8)))
    s.send(_INFLATE, np.concatenate([[BUFFERS >> PFN_SHIFT], later]))


@PAGES.add("message that names its own page last", "5.5.6.2", _MODIFY)
def _own_page_last(s: Script) -> None:
    s.send(_INFLATE, np.concatenate([s.pfns(3), [BUFFERS >> PFN_SHIFT]]))


@PAGES.add("message that names its ring's page", "5.5.6.2", _MODIFY)
def _own_ring(s: Script) -> None:
    ring_pfn = queue_layout(_INFLATE).base >> PFN_SHIFT
    s.send(_INFLATE, [ring_pfn, *s.pfns(2)])
    s.send(_INFLATE, s.pfns(1))
