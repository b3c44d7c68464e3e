"""Inputs of the lineage lab: a guest, and what every posted format would send for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.captures import SHIPPED, load_capture
from balloonkit.guest import Guest
from balloonkit.history import Traffic, compare_formats

__all__ = ["GUESTS", "MEASURES", "Comparison", "LineageModel"]

#: A guest of one's own making, beside the captures.
MODELLED = "a model of 1 GiB"
#: Whose pages the formats are compared on.
GUESTS = (*SHIPPED, MODELLED)
_MODELLED_PAGES = 1 << 17  # half of it
#: What formats are compared by.
MEASURES = ("bytes", "messages", "entries", "pages")


@dataclass(frozen=True)
class Comparison:
    """What each format sends for one guest.

    Attributes
    ----------
    guest : str
    measure : str
        What to compare them by.
    sent : dict of version to Traffic
    """

    guest: str
    measure: str
    sent: Mapping[str, Traffic]


class LineageModel(traitlets.HasTraits):
    """A guest, and what to compare the formats by."""

    guest = traitlets.Enum(GUESTS, "aged-8g")
    fragmentation = traitlets.Float(0.3, min=0, max=1)
    measure = traitlets.Enum(MEASURES, "bytes")

    def sent(self) -> dict[str, Traffic]:
        """Return what each format sends for this guest, by version."""
        if self.guest == MODELLED:
            return _modelled(self.fragmentation)
        return _captured(self.guest)

    def compare(self) -> Comparison:
        """Return what is sent, and what to compare it by."""
        return Comparison(self.guest, self.measure, self.sent())


@cache
def _captured(name: str) -> dict[str, Traffic]:
    return compare_formats(load_capture(name).inflate_pfns)


def _modelled(fragmentation: float) -> dict[str, Traffic]:
    guest = Guest.aged("1GiB", fragmentation, seed=1)
    pages: NDArray[Any] = np.asarray(guest.take(_MODELLED_PAGES))
    return compare_formats(pages)
