"""One message, one buffer, one kick, one ack: and a device that does not play along."""

import pytest

from balloonkit.wire.channel import (
    MESSAGE_BYTES,
    NEEDS_RESET,
    STATUS_ADDRESS,
    WINDOW_BYTES,
    Channel,
    message_address,
    queue_layout,
)
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import AckTimeoutError, NeedsResetError, QueueError
from balloonkit.wire.virtqueue import DeviceQueue


class Peer:
    """A device that keeps every message, and acks `late` waits after its kick."""

    def __init__(self, late=0):
        self.memory = memoryview(bytearray(WINDOW_BYTES))
        self.ring = DeviceQueue(self.memory, queue_layout(Queue.DEFLATE))
        self.messages = []
        self.kicks = 0
        self.late = late

    def kick(self, queue):
        assert queue is Queue.DEFLATE
        self.kicks += 1
        if not self.late:
            self.serve()

    def serve(self):
        while (chain := self.ring.pop()) is not None:
            self.messages.append(self.ring.read(chain))
            self.ring.push(chain.head)

    def wait(self, queue, timeout_s):
        assert timeout_s >= 0
        if self.late:
            self.late -= 1
            if not self.late:
                self.serve()
        return True

    def channel(self, **options):
        return Channel(self.memory, Queue.DEFLATE, self.kick, self.wait, **options)


def test_queues_and_their_buffers_share_the_window_without_overlap():
    edges = [1]
    for queue in Queue:
        layout = queue_layout(queue)
        edges += [layout.base, layout.end, message_address(queue)]
        edges.append(message_address(queue) + MESSAGE_BYTES + 16)
    assert [*edges, WINDOW_BYTES] == sorted([*edges, WINDOW_BYTES])


@pytest.mark.parametrize("indirect", [False, True])
def test_many_messages_pass_one_at_a_time_each_with_its_kick(indirect):
    peer = Peer()
    channel = peer.channel(indirect=indirect)
    sent = [bytes([i % 256]) * (i % 40) for i in range(300)] + [bytes(MESSAGE_BYTES)]
    for message in sent:
        channel.send(message)
    assert peer.messages == sent
    assert peer.kicks == len(sent)


def test_an_early_wake_up_is_not_taken_for_the_ack():
    peer = Peer(late=3)
    peer.channel().send(b"PFNs")
    assert peer.messages == [b"PFNs"]


def test_a_device_that_asked_for_silence_is_not_kicked():
    peer = Peer(late=1)
    peer.ring.suppress_kicks(True)
    peer.channel().send(b"PFNs")
    assert (peer.messages, peer.kicks) == ([b"PFNs"], 0)


def test_an_ack_that_never_comes_is_a_typed_error():
    peer = Peer()
    channel = Channel(peer.memory, Queue.DEFLATE, lambda queue: None, lambda queue, s: False)
    with pytest.raises(AckTimeoutError, match=r"queue DEFLATE: no ack within 0\.01 s"):
        channel.send(b"PFNs", timeout_s=0.01)


def test_an_interrupted_send_is_waited_for_before_its_buffer_is_used_again():
    peer = Peer(late=2)
    patient_wait = peer.wait

    def interrupted_wait(queue, timeout_s):
        peer.wait = patient_wait
        raise KeyboardInterrupt

    peer.wait = interrupted_wait
    channel = Channel(peer.memory, Queue.DEFLATE, peer.kick, lambda *args: peer.wait(*args))
    with pytest.raises(KeyboardInterrupt):
        channel.send(b"first")
    channel.send(b"second")
    assert peer.messages == [b"first", b"second"]


def test_a_device_that_wants_a_reset_is_reported_as_such():
    peer = Peer(late=100)
    peer.memory[STATUS_ADDRESS] = NEEDS_RESET
    with pytest.raises(NeedsResetError):
        peer.channel().send(b"PFNs")


def test_a_message_no_buffer_holds_is_refused_before_it_is_copied():
    peer = Peer()
    with pytest.raises(QueueError, match="at most 32760"):
        peer.channel().send(bytes(MESSAGE_BYTES + 1))
    assert not any(peer.memory)
