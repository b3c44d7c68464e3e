"""A real kernel's balloon step by step: what its driver sends to our device, worded as any run is.

Nothing inside the guest is seen. Its messages say which pages its driver took, and the device says
the rest; `balloonkit.trace` words both. How its allocator found the pages is not told by anyone, so
there are no steps of it: lists and stock stay empty, and allocations are not counted. What other
programs of the guest touch meanwhile is not seen either.
"""

from typing import TYPE_CHECKING

from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.events import Acked, Event, Listener, Named, Popped, Returned, Sent, pieces
from balloonkit.guest.page_states import pages_by_flags
from balloonkit.host.ram import GuestRam
from balloonkit.live.errors import RefusedError
from balloonkit.trace.start import Watched, start_from_pages
from balloonkit.trace.stepper import Stepper
from balloonkit.wire.channel import queue_layout
from balloonkit.wire.errors import WireError
from balloonkit.wire.formats import PageChunks
from balloonkit.wire.page_chunk import decode_chunks
from balloonkit.wire.queue import Queue

if TYPE_CHECKING:
    from balloonkit.live.guest import LiveGuest

__all__ = ["step_kernel"]


def step_kernel(
    guest: "LiveGuest", steps_per_stage: int = 64, messages: range = range(0)
) -> Stepper:
    """Note, from now on, each step of what a guest's chunks driver does.

    Parameters
    ----------
    guest : LiveGuest
        Booted with ``driver="chunks"``.
    steps_per_stage : int
        About how many steps one stage of one movement may take.
    messages : range
        Messages, counted from 0, that get their steps however large the guest is.

    Raises
    ------
    RefusedError
        If the guest has another driver: QEMU's device tells nobody what it does.

    Examples
    --------
    >>> stepper = step_kernel(guest)  # doctest: +SKIP
    >>> _ = guest.balloon("512MiB")  # doctest: +SKIP
    >>> stepper.trace().steps[0].kind  # doctest: +SKIP
    'chunk'
    """
    host, memory, options = guest.host, guest.memory_file, guest.options
    if host is None or memory is None or options is None:
        raise RefusedError(
            f"a guest with the {guest.driver} driver cannot be stepped: QEMU's device tells nobody "
            'what it does; boot one with driver="chunks"'
        )
    states = pages_by_flags(guest.memory().flagged)
    wire_format = PageChunks(max_entries=options.message_chunks)
    setup = start_from_pages(
        states,
        zones_from_zoneinfo(guest.run("cat /proc/zoneinfo"), len(states)),
        memory.resident_mask(),
        GuestRam.of_size(guest.memory_bytes),
        wire_format,
    ) | {"unseen": ["allocations"]}
    ear: list[_Ear] = []

    def listen(listener: Listener | None) -> None:
        if listener is None:
            host.listen(None)
            ear.pop().end()
        else:
            ear.append(_Ear(listener, host.doorbell.memory))
            host.listen(ear[0], ear[0].heard)

    name = f"Linux {guest.software['kernel']}, seen from its device"
    # The guest runs in a file both sides map, where MADV_DONTNEED would free nothing.
    watched = Watched(name, setup, wire_format, listen, advice="MADV_REMOVE")
    return Stepper(watched, steps_per_stage, messages)


class _Ear:
    """Passes on what the device tells, and puts before it what a message itself tells."""

    def __init__(self, listener: Listener, window: memoryview) -> None:
        self._listener, self._window = listener, window
        self._popped: Popped | None = None  # taken off the ring, not read yet
        self._returned: Returned | None = None  # the driver has not shown yet that it saw it

    def grain(self, items: int) -> int:
        return self._listener.grain(items)

    def tell(self, event: Event) -> None:
        if isinstance(event, Popped):
            self.end()
            self._popped = event
            return
        self._sent(b"")  # what follows is about a message that nobody could read
        self._listener.tell(event)
        if isinstance(event, Returned):
            self._returned = event

    def heard(self, queue: int, message: bytes) -> None:
        """Tell which pages a message names, which the device is about to do."""
        try:
            chunks = decode_chunks(message).astype("int64")
        except WireError:
            chunks = None  # the device refuses it and says why
        if chunks is not None:
            for piece in pieces(len(chunks), self._listener):
                self._listener.tell(Named(queue, piece.start, chunks[piece]))
        self._sent(message)

    def end(self) -> None:
        """Tell the ack: the driver goes on, or rests, so it has its buffer back."""
        if self._returned is not None:
            self._listener.tell(Acked(*self._returned))
            self._returned = None

    def _sent(self, message: bytes) -> None:
        popped, self._popped = self._popped, None
        if popped is None:
            return
        layout = queue_layout(Queue(popped.queue))
        avail, used = (
            int.from_bytes(self._window[ring + 2 : ring + 4], "little")
            for ring in (layout.avail, layout.used)
        )
        self._listener.tell(Sent(popped.queue, message, popped.head, avail, used, True))
        self._listener.tell(popped)
