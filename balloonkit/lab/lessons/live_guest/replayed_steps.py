"""Steps of a recorded guest's pages, sent as chunks: what stands in where no kernel sends them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import Began, Listener, Named
from balloonkit.guest.zones import Zone
from balloonkit.host import DeviceCounters, ModelHost
from balloonkit.trace import Stepper, Trace
from balloonkit.trace.start import Watched, start_from_pages
from balloonkit.wire import PROPOSED, decode_chunks
from balloonkit.wire.channel import Channel
from balloonkit.wire.formats import PageChunks
from balloonkit.wire.queue import Queue

__all__ = ["replay_steps"]


def replay_steps(
    name: str,
    memory_bytes: int,
    states: NDArray[np.uint8],
    zones: Sequence[Zone],
    messages: Sequence[bytes],
) -> tuple[DeviceCounters, Trace]:
    """Send messages of chunks to the kit's device; return what it counted, and its steps.

    Parameters
    ----------
    name : str
        Whose pages they are.
    memory_bytes : int
    states : uint8, shape (PFNs,)
        The guest's pages before, as numbers of `PAGE_STATES`.
    zones : sequence of Zone
    messages : sequence of bytes
    """
    chunks = [decode_chunks(message).astype(np.int64) for message in messages]
    host = ModelHost(memory_bytes)
    host.negotiate(PROPOSED)
    channel = Channel(host.memory, Queue.INFLATE, host.kick, host.wait)

    def listen(listener: Listener | None) -> None:
        host.listen(listener)
        channel.listener = listener

    wire_format = PageChunks(max_entries=max(map(len, chunks)))
    ram = host.device.ram
    setup = start_from_pages(states, zones, host.resident_pages, ram, wire_format)
    setup["unseen"] = ["allocations"]
    stepper = Stepper(Watched(name, setup, wire_format, listen))
    stepper.tell(Began("inflate", sum(int(named[:, 1].sum()) for named in chunks)))
    for message, named in zip(messages, chunks, strict=True):
        stepper.tell(Named(Queue.INFLATE, 0, named))
        channel.send(message)
    return host.counters(), stepper.trace()
