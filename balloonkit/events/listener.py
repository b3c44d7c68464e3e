"""Whoever wants to know what a machine does, and in what pieces."""

from collections.abc import Sequence
from typing import Protocol

from balloonkit.events.allocator import AllocatorEvent
from balloonkit.events.device import DeviceEvent
from balloonkit.events.driver import DriverEvent
from balloonkit.events.queue import QueueEvent

__all__ = ["Event", "Heard", "Listener", "pieces"]

#: Whatever is told.
Event = AllocatorEvent | DriverEvent | QueueEvent | DeviceEvent


class Listener(Protocol):
    """Whoever wants to know."""

    def grain(self, items: int) -> int:
        """Say how many of `items` to work on at a time, at least 1."""

    def tell(self, event: Event) -> None:
        """Take note of what was just done."""


class Heard(list[Event]):
    """A listener that keeps all it is told.

    Parameters
    ----------
    grain : int, optional
        How many items to work on at a time; by default all.

    Examples
    --------
    >>> from balloonkit import Guest
    >>> guest = Guest.idle("1MiB")
    >>> guest.buddy.listener = heard = Heard()
    >>> _ = guest.buddy.alloc()
    >>> [type(event).__name__ for event in heard]
    ['Took']
    """

    def __init__(self, grain: int | None = None) -> None:
        super().__init__()
        self._grain = grain

    def grain(self, items: int) -> int:
        """Ask for all of it at once, or for the pieces that were asked for."""
        return self._grain or items

    def tell(self, event: Event) -> None:
        """Keep it."""
        self.append(event)


def pieces(items: int, listener: Listener | None) -> Sequence[slice]:
    """Cut work on `items` things into slices as the listener wants them; without one, a whole.

    Examples
    --------
    >>> pieces(5, None), pieces(0, None)
    ((slice(0, 5, None),), ())
    """
    if not items:
        return ()
    if listener is None:
        return (slice(0, items),)
    step = listener.grain(items)
    return [slice(start, min(start + step, items)) for start in range(0, items, step)]
