"""The balloon of a guest with our own driver: moved through the window, told by our own device."""

import time

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.balloon import BalloonMove, follow
from balloonkit.live.chunk_host import ChunkHost, SeenMessage
from balloonkit.live.errors import GuestTimeoutError, LiveError, RefusedError
from balloonkit.live.process import QemuProcess
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.page_chunk import unpack_chunks
from balloonkit.wire.queue import Queue

__all__ = ["ChunkBalloon"]

_POLL_S = 0.05
_REST_TIMEOUT_S = 60.0
_PAIR_TIMEOUT_S = 1.0


class ChunkBalloon:
    """The balloon that `host` serves.

    Parameters
    ----------
    host : ChunkHost
        With a driver at its other end.
    process : QemuProcess
        What the driver runs in.
    progress : bool
        Show a progress bar.
    """

    def __init__(self, host: ChunkHost, process: QemuProcess, progress: bool) -> None:
        self._host, self._process, self._progress = host, process, progress
        self._memory_bytes = process.memory_bytes

    def actual_bytes(self) -> int:
        """Return what the guest has now: its RAM less the balloon.

        Raises
        ------
        EOFError
            If QEMU is gone.
        LiveError
            If the host's thread ended; nothing moves any more then.
        """
        self._process.check_running()
        if self._host.failure is not None:
            raise LiveError(f"the host's thread ended: {self._host.failure!r}")
        return self._memory_bytes - self._host.actual_pages * BALLOON_PAGE_BYTES

    def set_target(self, target_bytes: int) -> None:
        """Tell the driver what the guest should be left with; returns at once."""
        self._host.set_target((self._memory_bytes - target_bytes) // BALLOON_PAGE_BYTES)

    def wait(self) -> None:
        """Wait until the driver says something, or a moment."""
        self._host.wait(_POLL_S)

    def move(self, target_bytes: int) -> BalloonMove:
        """Inflate or deflate until the guest is left with `target_bytes`.

        Raises
        ------
        GuestTimeoutError
            If the balloon stops moving; it then stays where it is.
        LiveError
            If the device refused something of what the driver sent.
        """
        self._come_to_rest()
        self._host.messages()
        started_s, from_bytes = time.monotonic(), self.actual_bytes()
        follow(self, from_bytes, target_bytes, self._progress, abs(target_bytes - from_bytes))
        seconds = time.monotonic() - started_s
        self._come_to_rest()
        messages = self._host.messages()
        refused = [str(one) for message in messages for one in message.handled.rejections]
        if refused:
            raise LiveError(f"the device refused {len(refused)} entries: {'; '.join(refused[:3])}")
        inflated, deflated = (
            [message for message in messages if message.queue == queue]
            for queue in (Queue.INFLATE, Queue.DEFLATE)
        )
        ours, other = (inflated, deflated) if target_bytes < from_bytes else (deflated, inflated)
        chunks = _chunks(ours)
        moved, asked = (
            sum(one.handled.pages for one in ours) - sum(one.handled.pages for one in other),
            abs(target_bytes - from_bytes) // BALLOON_PAGE_BYTES,
        )
        if moved != asked:
            raise LiveError(f"the balloon moved {asked} pages, the device was told of {moved}")
        return BalloonMove(
            from_bytes,
            target_bytes,
            pfns=unpack_chunks(chunks),
            messages=len(ours),
            entries=len(chunks),
            bytes=sum(len(message.data) for message in ours),
            migrated=sum(message.handled.pages for message in other),
            madvise_calls=sum(message.handled.releases for message in ours),
            seconds=seconds,
            chunks=chunks,
        )

    def at_rest(self, target_bytes: int) -> bool:
        """Tell whether the driver is done with the target it was given last."""
        return self._host.at_rest

    def _come_to_rest(self) -> None:
        """Wait for the end of what goes on, such as a movement that was given up.

        A page the kernel moves is told in two messages, and between them the device has one more
        than the driver. That lasts a moment; a difference that stays is the caller's to find.
        """
        started_s = time.monotonic()
        while not self._host.at_rest:
            self.actual_bytes()  # raises if there is no driver any more to wait for
            if time.monotonic() - started_s > _REST_TIMEOUT_S:
                raise GuestTimeoutError(
                    f"the driver is not done with an earlier movement after {_REST_TIMEOUT_S:g} s"
                )
            self.wait()
        deadline_s = time.monotonic() + _PAIR_TIMEOUT_S
        while self._host.counters().ballooned_pages != self._host.actual_pages:
            if time.monotonic() > deadline_s:
                break
            self.wait()

    def reported_bytes(self) -> NDArray[np.uint64]:
        """Return the sizes released by free page reporting: this driver reports none."""
        self._process.check_running()
        return np.empty(0, np.uint64)

    def stats(self) -> dict[str, int]:
        """Refuse: this driver sends no statistics."""
        self._process.check_running()
        raise RefusedError("the chunks driver sends no statistics: read /proc/meminfo with run()")


def _chunks(messages: list[SeenMessage]) -> NDArray[np.uint64]:
    return np.concatenate([np.empty((0, 2), np.uint64), *(one.chunks() for one in messages)])
