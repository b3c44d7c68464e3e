"""What the virtqueue reports, on the driver's side and on the device's."""

from typing import NamedTuple

__all__ = [
    "Acked",
    "Popped",
    "QueueEvent",
    "Returned",
    "Sent",
]


class Sent(NamedTuple):
    """A message is in the ring; `avail` and `used` are the rings' idx fields, and kicked if so."""

    queue: int
    data: bytes
    head: int
    avail: int
    used: int
    kicked: bool


class Popped(NamedTuple):
    """The device took a chain off the available ring."""

    queue: int
    head: int


class Returned(NamedTuple):
    """The device put the chain on the used ring, whose idx is now `used`."""

    queue: int
    head: int
    used: int


class Acked(NamedTuple):
    """The driver has its buffer back; `used` is the used ring's idx it has seen."""

    queue: int
    head: int
    used: int


#: Whatever this one tells.
QueueEvent = Sent | Popped | Returned | Acked
