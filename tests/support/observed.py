"""A stepper that photographs its machine at every event, to hold a replay against."""

import numpy as np

from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.trace import Stepper, state_at, states
from balloonkit.trace.start import lists_of, stocks_of
from balloonkit.wire.channel import message_address, queue_layout
from balloonkit.wire.queue import Queue


class Photographer(Stepper):
    """Keeps the machine's own state as it was when each event was told."""

    def __init__(self, machine, **options):
        super().__init__(machine, **options)
        self._machine, guest = machine, machine.guest
        self.owned = guest.buddy.free_mask.copy()  # what ever was the allocator's or the balloon's
        for stock in stocks_of(guest):
            self.owned[stock] = True
        self.owned[machine.driver.held] = True
        self.photos = []

    def tell(self, event):
        super().tell(event)
        self.photos.append(photo(self._machine, self.owned))


def photo(machine, owned):
    """Everything a trace claims to know, read off the machine itself."""
    guest, host = machine.guest, machine.host
    pages = guest.page_states()
    pages[owned & (pages != PAGE_STATES["free"])] = PAGE_STATES["in balloon"]
    window = {}
    for queue in (Queue.INFLATE, Queue.DEFLATE):
        layout = queue_layout(queue)
        index = [int.from_bytes(host.memory[at + 2 : at + 4], "little") for at in
                 (layout.avail, layout.used)]  # fmt: skip
        head_at = layout.avail + 4 + 2 * ((index[0] - 1) % layout.size)
        head = int.from_bytes(host.memory[head_at : head_at + 2], "little")
        slot = layout.base + 16 * head
        length = int.from_bytes(host.memory[slot + 8 : slot + 12], "little")
        room = message_address(queue)
        window[int(queue)] = (*index, head, bytes(host.memory[room : room + length]))
    return pages, lists_of(guest.buddy), stocks_of(guest), host.resident_pages.copy(), window


def check_every_step(stepper):
    """Replay the trace beside the photographs; return the trace."""
    trace = stepper.trace()
    walk = states(trace)
    next(walk)
    for number, (step, state) in enumerate(zip(trace.steps, walk, strict=True)):
        pages, lists, stock, resident, window = stepper.photos[step.events - 1]
        where = f"step {number}, {step.kind}: {step.why}"
        assert (state.pages == pages).all(), where
        assert state.lists == lists, where
        assert state.stock == stock, where
        assert (state.host.astype(bool) == resident).all(), where
        message = state.message
        if message is not None and step.kind in ("send", "pop", "ack", "messages"):
            avail, used, head, data = window[message["queue"]]
            assert message["avail"] == avail, where
            assert message["used"] == (used if step.kind != "send" else message["used"]), where
            assert message["desc"] == head, where
            assert message["bytes"] == len(data), where
            assert bytes.fromhex(message["hex"]) == data[:256], where
    if trace.steps:
        last, kept = state_at(trace, len(trace.steps) - 1), stepper._machine.driver.held
        assert np.array_equal(
            np.flatnonzero(last.pages == PAGE_STATES["in balloon"]), np.sort(kept)
        )
    return trace
