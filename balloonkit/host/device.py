"""The balloon device: validate a whole message, translate it, release it range by range.

No public host half of PAGE_CHUNKS exists, so this one follows the strictest of QEMU, Firecracker,
Cloud Hypervisor and crosvm, and loses nothing a guest may rightly expect to be released. Every
buffer goes back to the driver, whatever was in it. Outcomes, each counted under its `Reason`:

Whole message refused, no memory touched
    * BAD_CHAIN: descriptors loop, nest, or leave the window. Returned unread.
    * DEVICE_WRITABLE: any buffer the device may write. Returned unread.
    * TRUNCATED: a length that is no whole number of entries, or not what the count says. A
      classic message to a device that negotiated PAGE_CHUNKS ends here or below; a chunk message
      to a classic device cannot be told from PFNs: only negotiation prevents it.
    * TOO_MANY_ENTRIES: over 2047 chunks, longer than the queue's room for a message, or over
      `max_pfns` PFNs. That limit is off by default: 256 is the size of Linux's array
      (VIRTIO_BALLOON_ARRAY_PFNS_MAX), the specification has none and QEMU takes more.
    * UNKNOWN_QUEUE: on a queue the balloon does not have.

One entry refused, the others done
    * OUTSIDE_RAM: any page outside registered RAM refuses the whole entry, as a driver that names
      pages it cannot own is not to be trusted with the rest. Touching regions count as one: such
      an entry is split at the edge. base + size cannot wrap.
    * ZERO_SIZE: a chunk of no pages.
    * MISALIGNED: any of the 12 reserved bits of a word set.

Entry done and reported
    * OVERLAP: it repeats pages of the same message. Each page is released once, and the message
      is done in ascending order. Pages ballooned by an *earlier* message are released again, as
      the guest may have touched them since; `DeviceCounters.unchanged_pages` counts them.
    * RELEASE_FAILED: the kernel refused one range; the others are released all the same.

Host pages over 4 KiB are released once all their 4 KiB parts are ballooned, over any number of
messages. Deflate marks pages as given back, so their host page is wanted again; the memory comes
back only when the guest touches it. Statistics are counted, not read; their buffer is kept until
the device wants new ones. A ring that cannot be trusted at all sets DEVICE_NEEDS_RESET:
`balloonkit.host.service` serves nothing before a reset.
"""

from collections import Counter, deque
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from balloonkit.events import GivenBack, Listener, Refused, Released, pieces
from balloonkit.host.balloon_map import BalloonMap
from balloonkit.host.counters import DeviceCounters, Handled, Reason, Rejection
from balloonkit.host.entries import Entries, read_message
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import Release, ReleaseError
from balloonkit.host.rules import KIT, DeviceRule
from balloonkit.host.telling import tell_translated, tell_waiting
from balloonkit.units import BALLOON_PAGE_BYTES, format_size
from balloonkit.wire.features import PROPOSED, Feature, negotiate
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PFN_ARRAY, PfnArray, format_of
from balloonkit.wire.queue import Queue

__all__ = ["BalloonDevice"]

_REMEMBERED_REJECTIONS = 32


class BalloonDevice:
    """A balloon over `ram`, releasing through `backend`.

    Parameters
    ----------
    ram : GuestRam
        The only memory it ever touches.
    backend : Release
        Holds ``ram.pages`` pages.
    offered : Feature
        What a driver may accept.
    rule : DeviceRule
        How a message's pages become releases.
    max_pfns : int, optional
        The most PFNs a classic message may hold, such as Linux's `MAX_PFNS`; by default any
        number.

    Attributes
    ----------
    format : Format
        The one spoken now: what was negotiated, or what `speak` said.
    listener : Listener or None
        Told of entries refused and translated, of memory released, waiting and given back.

    Raises
    ------
    ValueError
        If a RAM region is not a whole number of host pages.

    Examples
    --------
    >>> from balloonkit.host.release import ModelRelease
    >>> from balloonkit.wire import encode_pfns
    >>> ram = GuestRam.of_size("1MiB")
    >>> device = BalloonDevice(ram, ModelRelease(ram.pages))
    >>> handled = device.handle(Queue.INFLATE, encode_pfns([3, 256]))
    >>> handled.pages, [(r.reason.name, r.entry, r.detail) for r in handled.rejections]
    (1, [('OUTSIDE_RAM', 1, 'PFN 0x100')])
    """

    def __init__(
        self,
        ram: GuestRam,
        backend: Release,
        offered: Feature = PROPOSED,
        rule: DeviceRule = KIT,
        max_pfns: int | None = None,
    ) -> None:
        for region in ram.regions:
            if region.gpa % backend.host_page_bytes or region.size_bytes % backend.host_page_bytes:
                raise ValueError(
                    f"RAM of {format_size(region.size_bytes)} at {region.gpa:#x}: not whole host "
                    f"pages of {format_size(backend.host_page_bytes)}; take a guest of a multiple"
                )
        self.ram = ram
        self.backend = backend
        if backend.host_page_bytes > BALLOON_PAGE_BYTES and not rule.large_pages:
            raise ValueError(
                f"{rule.title}: knows no host pages over 4 KiB ({rule.source}); take another rule"
            )
        self.offered = offered
        self.rule = rule
        self._pfn_array = PFN_ARRAY if max_pfns is None else PfnArray(max_read=max_pfns)
        self.features = Feature(0)
        self.format: Format = self._pfn_array
        self.listener: Listener | None = None
        self._balloon = BalloonMap(ram.pages, backend.host_page_bytes // BALLOON_PAGE_BYTES)
        self._messages = self._bytes = self._entries = self._pages = self._unchanged_pages = 0
        self._translations = self._releases = self._released_pages = 0
        self._translate_s = self._release_s = 0.0
        self._rejected: Counter[Reason] = Counter()
        self._last_rejections: deque[Rejection] = deque(maxlen=_REMEMBERED_REJECTIONS)

    def negotiate(self, driver: Feature) -> Feature:
        """Fix the features both sides understand; until then the format is the classic one."""
        self.features = negotiate(driver, self.offered)
        spoken = format_of(self.features)
        self.format = self._pfn_array if spoken is PFN_ARRAY else spoken
        return self.features

    def speak(self, wire_format: Format) -> None:
        """Read messages in a format that no feature bit stands for."""
        self.format = wire_format

    def reset(self) -> None:
        """Forget features and balloon: the guest starts over and owns all its pages.

        Memory released before stays released, and the counters go on.
        """
        self.features = Feature(0)
        self.format = self._pfn_array
        self._balloon.clear()

    def handle(self, queue: int, message: bytes) -> Handled:
        """Do one message, and report what became of it; raises nothing for any bytes."""
        self._messages += 1
        self._bytes += len(message)
        if queue == Queue.STATS:
            return Handled()
        if queue not in (Queue.INFLATE, Queue.DEFLATE):
            return self._refuse(Reason.UNKNOWN_QUEUE, f"queue {queue}")
        started_s = perf_counter()
        entries = read_message(message, self.format, self.ram)
        if isinstance(entries, Rejection):
            return self._refuse(entries.reason, entries.detail)
        return self._apply(entries, queue == Queue.INFLATE, started_s)

    def refuse_unread(self, reason: Reason, detail: str) -> Handled:
        """Count a message that is returned without a look at what it says."""
        self._messages += 1
        return self._refuse(reason, detail)

    def _apply(self, entries: Entries, inflate: bool, started_s: float) -> Handled:
        """Translate and release entries that lie in RAM and do not overlap."""
        rejections = entries.rejections
        if rejections:
            self._note(rejections)
        if entries.sizes is None:
            host_pages = self.ram.translate_pages(entries.bases)
            self._translate_s += perf_counter() - started_s
            translations = pages = len(host_pages)
            unchanged = self._balloon.mark_pages(host_pages, inflate)
            starts, counts = host_pages, None
        else:
            starts, counts = self.ram.translate(entries.bases, entries.sizes)
            self._translate_s += perf_counter() - started_s
            translations, pages = len(starts), int(counts.sum())
            unchanged = self._balloon.mark(starts, counts, inflate)
        if self.listener is not None:
            tell_translated(self.listener, entries, starts, counts)
        releases = 0
        if inflate:
            named = starts, counts
            starts, counts = self.rule.releases(starts, counts, self._balloon)
            if self.listener is not None and self._balloon.host_page_pages > 1:
                tell_waiting(self.listener, named, (starts, counts), self.ram.pages)
            releases = len(starts)
            rejections += self._release(starts, counts)
        elif self.listener is not None:
            counts = np.ones_like(starts) if counts is None else counts
            for piece in pieces(len(starts), self.listener):
                self.listener.tell(GivenBack(starts[piece], counts[piece]))
        self._entries += entries.done
        self._pages += pages
        self._unchanged_pages += unchanged
        self._translations += translations
        self._releases += releases
        return Handled(entries.done, pages, translations, releases, rejections)

    def _release(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64] | None
    ) -> tuple[Rejection, ...]:
        started_s = perf_counter()
        if self.listener is None:
            failures = self._release_at_once(starts, counts)
        else:
            failures = []
            for piece in pieces(len(starts), self.listener):
                sizes = None if counts is None else counts[piece]
                failures += self._release_at_once(starts[piece], sizes)
                told = np.ones_like(starts[piece]) if sizes is None else sizes
                self.listener.tell(Released(starts[piece], told, len(told)))
        self._release_s += perf_counter() - started_s
        self._released_pages += len(starts) if counts is None else int(counts.sum())
        if not failures:
            return ()
        self._released_pages -= sum(e.length_bytes for e in failures) // BALLOON_PAGE_BYTES
        rejections = tuple(Rejection(Reason.RELEASE_FAILED, None, str(e)) for e in failures)
        self._note(rejections)
        return rejections

    def _release_at_once(
        self, starts: NDArray[np.int64], counts: NDArray[np.int64] | None
    ) -> list[ReleaseError]:
        if counts is None:
            return self.backend.release_pages(starts)
        return self.backend.release_ranges(starts, counts)

    def _refuse(self, reason: Reason, detail: str) -> Handled:
        rejections = (Rejection(reason, None, detail),)
        self._note(rejections)
        return Handled(rejections=rejections)

    def _note(self, rejections: tuple[Rejection, ...]) -> None:
        self._rejected.update(rejection.reason for rejection in rejections)
        self._last_rejections.extend(rejections)
        if self.listener is not None:
            self.listener.tell(Refused(rejections))

    @property
    def ballooned(self) -> NDArray[np.bool_]:
        """Which 4 KiB pages of the mapping are in the balloon, shape (pages,)."""
        return self._balloon.ballooned

    def counters(self) -> DeviceCounters:
        """Return what was counted so far."""
        return DeviceCounters(
            messages=self._messages,
            bytes=self._bytes,
            entries=self._entries,
            pages=self._pages,
            unchanged_pages=self._unchanged_pages,
            translations=self._translations,
            releases=self._releases,
            released_pages=self._released_pages,
            translate_s=self._translate_s,
            release_s=self._release_s,
            ballooned_pages=int(np.count_nonzero(self._balloon.ballooned)),
            rejected=dict(self._rejected),
            last_rejections=tuple(self._last_rejections),
        )
