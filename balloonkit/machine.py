"""A guest and a host joined by a virtqueue, and the clock over the four stages of a balloon.

`Machine` negotiates features, hands the driver a way to send, and reports what an inflate or a
deflate cost: what was counted, what the model clock of 2017 makes of the counts, and what this
machine took. The two clocks are kept apart, always by name.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from balloonkit.costs import COSTS_2017, Costs, Counts, Stages
from balloonkit.events import Listener
from balloonkit.guest import Guest
from balloonkit.guest.blocks import expand
from balloonkit.guest.driver import BalloonDriver, DriverCounts
from balloonkit.host.counters import DeviceCounters
from balloonkit.host.host import Host
from balloonkit.host.model import ModelHost
from balloonkit.units import size_to_pages
from balloonkit.wire import PROPOSED, Feature, Format
from balloonkit.wire.channel import Channel
from balloonkit.wire.formats import format_of
from balloonkit.wire.queue import Queue

__all__ = ["Machine", "Report"]


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
        By default a model of the host that only counts, in this process.
    format : Format, optional
        How pages become messages, if not as `features` say. One with a feature bit is offered and
        spoken if the host knows it; one without a bit is told to both sides.
    block_alloc : bool
        Allocate a block at a time instead of page by page.
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
        format: Format | None = None,
        block_alloc: bool = False,
        costs: Costs = COSTS_2017,
    ) -> None:
        self.guest = guest
        self.host: Host = ModelHost(guest.size_bytes, regions=guest.ram) if host is None else host
        self.costs = costs
        self._wanted = format
        if format is not None:
            features = features & ~Feature.PAGE_CHUNKS | (format.feature or Feature(0))
        self.features = self.host.negotiate(features)
        self._listener: Listener | None = None
        self._channels = self._connect()
        self.driver = BalloonDriver(
            guest,
            self._agreed(),
            lambda queue, message: self._channels[queue].send(message),
            block_alloc=block_alloc,
        )

    def _agreed(self) -> Format:
        """Return the format both sides speak now."""
        wanted = self._wanted
        if wanted is None or (wanted.feature is not None and wanted.feature not in self.features):
            return format_of(self.features)
        if wanted.feature is None:
            self.host.speak(wanted)
        return wanted

    def listen(self, listener: Listener | None) -> None:
        """Let every part tell `listener` what it just did, or nobody; see `balloonkit.trace`.

        Raises
        ------
        ValueError
            If the host works in another process.
        """
        self.host.listen(listener)
        self.guest.listen(listener)
        self.driver.listener = self._listener = listener
        for channel in self._channels.values():
            channel.listener = listener

    def inflate(self, size: str | int, tries: int = 1) -> Report:
        """Take `size` (text, or bytes) from the guest, or as much as it can give; see `Report`."""
        pages = size_to_pages(size)
        return self._report(lambda: self.driver.fill(pages, tries))

    def deflate(self, size: str | int) -> Report:
        """Return `size` (text, or bytes) to the guest, or all the balloon holds."""
        pages = size_to_pages(size)
        return self._report(lambda: self.driver.leak(pages))

    def touch(self, pfns: ArrayLike) -> None:
        """Let the guest write to pages it owns, by its own page numbers: memory comes back.

        Raises
        ------
        ValueError
            If a page is in the balloon or the host is not the model's.
        """
        pages = np.asarray(pfns, np.uint32)
        if not isinstance(self.host, ModelHost):
            raise ValueError(f"{type(self.host).__name__}: only a modelled guest touches")
        ballooned = np.isin(pages, self.driver.held)
        if ballooned.any():
            raise ValueError(f"PFN {pages[ballooned][0]}: in the balloon; deflate before touching")
        self.host.touch(expand(pages * np.uint32(self.driver.scale), self.driver.scale))

    def reset(self) -> None:
        """Reset the device: it forgets the balloon, and the guest gets every page back.

        What to do after a `QueueError`: whatever was under way is void.
        """
        self.host.reset()
        self.features = self.host.negotiate(self.features)
        self.driver.format = self._agreed()
        self._channels = self._connect()
        self.driver.reset()

    def _connect(self) -> dict[Queue, Channel]:
        return {
            queue: Channel(
                self.host.memory, queue, self.host.kick, self.host.wait, listener=self._listener
            )
            for queue in (Queue.INFLATE, Queue.DEFLATE)
        }

    def _report(self, act: Callable[[], DriverCounts]) -> Report:
        resident_bytes = self.host.resident_bytes()
        before = self.host.counters()
        start_s = time.perf_counter()
        sent = act()
        total_s = time.perf_counter() - start_s
        after = self.host.counters()
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


def _new_rejections(before: DeviceCounters, after: DeviceCounters) -> dict[str, int]:
    new = {r.value: n - before.rejected.get(r, 0) for r, n in after.rejected.items()}
    return {reason: n for reason, n in new.items() if n}
