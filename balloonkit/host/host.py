"""What a machine needs of a host."""

from typing import Protocol

from balloonkit.events import Listener
from balloonkit.host.counters import DeviceCounters
from balloonkit.wire.features import Feature
from balloonkit.wire.format import Format
from balloonkit.wire.queue import Queue

__all__ = ["Host"]


class Host(Protocol):
    """What a machine needs of a host: `ModelHost` and `ProcessHost` are two."""

    memory: memoryview

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand."""

    def speak(self, wire_format: Format) -> None:
        """Read messages in a format that no feature bit stands for."""

    def listen(self, listener: Listener | None) -> None:
        """Let the device tell `listener` what it does."""

    def kick(self, queue: Queue) -> None:
        """Tell the device that a queue has a buffer."""

    def wait(self, queue: Queue, timeout_s: float) -> bool:
        """Wait for the ack."""

    def counters(self) -> DeviceCounters:
        """Return what the device counted."""

    def resident_bytes(self) -> int:
        """Return how much guest RAM is backed by host memory."""

    def reset(self) -> None:
        """Make the device forget the balloon."""

    def close(self) -> None:
        """Give everything back."""
