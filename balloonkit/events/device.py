"""What the device reports. Host pages and balloon pages are 4 KiB."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DeviceEvent",
    "GivenBack",
    "Refused",
    "Released",
    "Reset",
    "Touched",
    "Translated",
    "Waiting",
]

_Numbers = NDArray[np.int64]


class Refused(NamedTuple):
    """Entries, or with `entry` None a whole message, were not done as asked.

    `rejections` are those of `balloonkit.host`: reason, entry, detail.
    """

    rejections: tuple[Any, ...]


class Translated(NamedTuple):
    """Balloon pages were looked up: first page, pages, first host page of each piece."""

    pfns: _Numbers
    pages: _Numbers
    host_pages: _Numbers
    look_ups: int


class Released(NamedTuple):
    """The host gave these ranges of host pages up, in `calls` calls."""

    starts: _Numbers
    counts: _Numbers
    calls: int


class Waiting(NamedTuple):
    """Ballooned host pages whose larger host page is not ballooned whole: nothing to release."""

    starts: _Numbers
    counts: _Numbers


class GivenBack(NamedTuple):
    """The guest owns these host pages again; memory comes back when it touches them."""

    starts: _Numbers
    counts: _Numbers


class Touched(NamedTuple):
    """The guest wrote to these host pages: memory is behind them again."""

    starts: _Numbers
    counts: _Numbers


class Reset(NamedTuple):
    """The device was reset: it knows of no balloon, and the rings begin anew."""


#: Whatever this one tells.
DeviceEvent = Refused | Translated | Released | Waiting | GivenBack | Touched | Reset
