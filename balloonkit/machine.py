"""A guest and a host joined by a virtqueue, and the clock over the four stages of a balloon.

`Machine` negotiates features, hands the driver a way to send, and reports what an inflate or a
deflate cost: what was counted, what the model clock of 2017 makes of the counts, and what this
machine took. The two clocks are kept apart, always by name.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from balloonkit.costs import COSTS_2017, Costs, Counts, Stages
from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver, Sent
from balloonkit.host.books import Books
from balloonkit.host.local import LocalHost
from balloonkit.units import size_to_pages
from balloonkit.wire import PROPOSED, Feature, PageBitmaps
from balloonkit.wire.channel import Channel, Queue

__all__ = ["Host", "Machine", "Report"]


class Host(Protocol):
    """What a machine needs of a host: `LocalHost` and `ProcessHost` are two."""

    memory: memoryview

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand."""

    def kick(self, queue: Queue) -> None:
        """Tell the device that a queue has a buffer."""

    def wait(self, queue: Queue, timeout_s: float) -> bool:
        """Wait for the ack."""

    def books(self) -> Books:
        """Return what the device counted."""

    def resident_bytes(self) -> int:
        """Return how much guest RAM is backed by host memory."""

    def reset(self) -> None:
        """Make the device forget the balloon."""

    def close(self) -> None:
        """Give everything back."""


@dataclass(frozen=True)
class Report:
    """What one inflate or deflate did and cost.

    Attributes
    ----------
    counts : Counts
    model : Stages
        Model seconds: the counts, priced.
    measured : Stages
        Seconds this machine took, in Python. Sending is the guest's packing and the way over the
        virtqueue and back; translate and release are the host's own.
    rejected : dict
        Entries the device refused, by reason.
    out_of_puff : int
        Times the guest had no page left to give.
    resident_bytes : tuple of int
        Guest RAM backed by host memory, before and after.
    """

    counts: Counts
    model: Stages
    measured: Stages
    rejected: dict[str, int]
    out_of_puff: int
    resident_bytes: tuple[int, int]


class Machine:
    """A guest on a host.

    Parameters
    ----------
    guest : Guest
        It is changed by what the machine does; give a copy to keep it.
    features : Feature
        What the guest's driver understands.
    host : Host, optional
        By default a model of the host that keeps books, in this process.
    block_alloc : bool
        Allocate a block at a time instead of page by page.
    join : bool
        Join chunks across bitmap edges; False sends them as the proposal does.
    bitmaps : PageBitmaps, optional
    costs : Costs
        Unit costs of the model clock.

    Examples
    --------
    >>> from balloonkit.guest import Guest
    >>> with Machine(Guest.idle("1GiB")) as machine:
    ...     report = machine.inflate("512MiB")
    >>> report.counts.pages, report.counts.messages
    (131072, 1)
    """

    def __init__(
        self,
        guest: Guest,
        features: Feature = PROPOSED,
        host: Host | None = None,
        *,
        block_alloc: bool = False,
        join: bool = True,
        bitmaps: PageBitmaps | None = None,
        costs: Costs = COSTS_2017,
    ) -> None:
        self.guest = guest
        self.host = LocalHost(guest.size_bytes) if host is None else host
        self.features = self.host.negotiate(features)
        self.costs = costs
        self._channels = self._connect()
        self.driver = BalloonDriver(
            guest,
            self.features,
            lambda queue, message: self._channels[Queue(queue)].send(message),
            block_alloc=block_alloc,
            join=join,
            bitmaps=bitmaps or PageBitmaps(),
        )

    def inflate(self, size: str | int, tries: int = 1) -> Report:
        """Take `size` (text, or bytes) from the guest, or as much as it can give; see `Report`."""
        pages = size_to_pages(size)
        return self._report(lambda: self.driver.fill(pages, tries))

    def deflate(self, size: str | int) -> Report:
        """Return `size` (text, or bytes) to the guest, or all the balloon holds."""
        pages = size_to_pages(size)
        return self._report(lambda: self.driver.leak(pages))

    def reset(self) -> None:
        """Reset the device: it forgets the balloon, and the guest gets every page back.

        What to do after a `QueueError`: whatever was under way is void.
        """
        self.host.reset()
        self.features = self.host.negotiate(self.features)
        self._channels = self._connect()
        self.driver.reset()

    def _connect(self) -> dict[Queue, Channel]:
        return {
            queue: Channel(self.host.memory, queue, self.host.kick, self.host.wait)
            for queue in (Queue.INFLATE, Queue.DEFLATE)
        }

    def _report(self, act: Callable[[], Sent]) -> Report:
        resident_bytes = self.host.resident_bytes()
        before = self.host.books()
        start_s = time.perf_counter()
        sent = act()
        total_s = time.perf_counter() - start_s
        after = self.host.books()
        counts = Counts(
            pages=sent.pages,
            allocations=sent.allocations,
            messages=sent.messages,
            bytes=sent.bytes,
            entries=sent.entries,
            translations=after.translations - before.translations,
            releases=after.releases - before.releases,
            refused_pages=sent.pages - (after.pages - before.pages),
            released_pages=after.released_pages - before.released_pages,
        )
        translate_s = after.translate_s - before.translate_s
        release_s = after.release_s - before.release_s
        return Report(
            counts=counts,
            model=self.costs.stages(counts),
            measured=Stages(
                allocate=sent.allocate_s,
                send=total_s - sent.allocate_s - translate_s - release_s,
                translate=translate_s,
                release=release_s,
            ),
            rejected=_new_rejections(before, after),
            out_of_puff=sent.out_of_puff,
            resident_bytes=(resident_bytes, self.host.resident_bytes()),
        )

    def close(self) -> None:
        """End the host and release what it holds."""
        self.host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()


def _new_rejections(before: Books, after: Books) -> dict[str, int]:
    new = {r.value: n - before.rejected.get(r, 0) for r, n in after.rejected.items()}
    return {reason: n for reason, n in new.items() if n}
