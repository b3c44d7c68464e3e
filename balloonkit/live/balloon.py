"""The balloon of a live guest, seen from QEMU: move it, follow it, and read what was sent."""

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.errors import GuestTimeoutError, LiveError, TraceLostError
from balloonkit.live.progress import progress_bar
from balloonkit.live.trace import BalloonTrace
from balloonkit.units import BALLOON_PAGE_BYTES, format_size
from balloonkit.wire.pfn_array import PFN_BYTES

if TYPE_CHECKING:
    from balloonkit.live.qmp import QemuLink

__all__ = ["Balloon", "BalloonMove", "follow"]

_DEVICE = "/machine/peripheral/balloon"
#: How long a page that the kernel moves may be in the log only half.
_PAIR_TIMEOUT_S = 1.0
_NOT_SENT = 2**64 - 1  # QEMU's value of a statistic the driver did not send
_POLL_S = 0.05
_STALL_S = 10.0
_STOP_TIMEOUT_S = 2.0
_STATS_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class BalloonMove:
    """One movement of the balloon.

    Attributes
    ----------
    from_bytes, to_bytes : int
        What the guest had before and after.
    pfns : array of uint32
        PFNs in the order the driver sent them.
    messages : int
        Messages they came in.
    entries, bytes : int
        Entries of those messages, PFNs or chunks, and their length.
    migrated : int
        Pages the guest's kernel moved out of the balloon meanwhile, each for one more in `pfns`;
        0 unless it is short of memory.
    madvise_calls : int
        Calls the host made to release them; 0 for a deflate.
    chunks : array of uint64, shape (entries, 2), or None
        The entries in wire order, (base, size) each; None if the driver sends PFNs.
    freed_bytes : int
        What the host no longer has resident of the guest's RAM; less than 0 if it grew.
    seconds : float
        Wall time under software emulation: compare it with runs of the same machine only.
    """

    from_bytes: int
    to_bytes: int
    pfns: NDArray[np.uint32]
    messages: int
    entries: int
    bytes: int
    migrated: int
    madvise_calls: int
    seconds: float
    chunks: NDArray[np.uint64] | None = None
    freed_bytes: int = 0

    def as_dict(self) -> dict[str, int | float]:
        """Return its figures as plain data."""
        return {
            "pages": len(self.pfns),
            "messages": self.messages,
            "entries": self.entries,
            "releases": self.madvise_calls,
            "freed_bytes": self.freed_bytes,
            "seconds": self.seconds,
        }


class Balloon:
    """The balloon device of a running QEMU.

    Parameters
    ----------
    link : QemuLink
        QEMU and its monitor.
    progress : bool
        Show a progress bar.
    """

    def __init__(self, link: "QemuLink", progress: bool) -> None:
        self._link = link
        self._progress = progress
        self._reported = [np.empty(0, np.uint64)]
        # What firmware and kernel released while booting is no business of the balloon's.
        link.process.drain_trace()

    def actual_bytes(self) -> int:
        """Return what the guest has now: its RAM less the balloon."""
        return int(self._link.execute("query-balloon")["actual"])

    def move(self, target_bytes: int) -> BalloonMove:
        """Inflate or deflate until the guest is left with `target_bytes`.

        Raises
        ------
        GuestTimeoutError
            If the balloon stops moving; it then stays where it is.
        TraceLostError
            If QEMU could not log every page.
        """
        self._drain_trace()
        started_s, from_bytes = time.monotonic(), self.actual_bytes()
        follow(self, from_bytes, target_bytes, self._progress)
        seconds = time.monotonic() - started_s
        trace = self._drain_trace()
        pages = abs(target_bytes - from_bytes) // BALLOON_PAGE_BYTES
        deadline_s = time.monotonic() + _PAIR_TIMEOUT_S
        while True:
            queues = (trace.inflate, trace.deflate)
            ours, other = queues if target_bytes < from_bytes else queues[::-1]
            if len(ours.pfns) - len(other.pfns) == pages or time.monotonic() > deadline_s:
                break
            # A page the kernel moves is inflated first, then deflated: we may have looked between.
            self.wait()
            trace = trace.then(self._drain_trace())
        if len(ours.pfns) - len(other.pfns) != pages:
            self._link.process.forget_trace()
            raise TraceLostError(
                f"the balloon moved {pages} pages, QEMU's log shows {len(ours.pfns)} sent and "
                f"{len(other.pfns)} taken back: is the disk of temporary files full? Set TMPDIR "
                "to one with room"
            )
        calls = int(np.count_nonzero(trace.released_bytes == BALLOON_PAGE_BYTES))
        return BalloonMove(
            from_bytes,
            target_bytes,
            ours.pfns,
            ours.messages,
            entries=len(ours.pfns),
            bytes=len(ours.pfns) * PFN_BYTES,
            migrated=len(other.pfns),
            madvise_calls=calls,
            seconds=seconds,
        )

    def reported_bytes(self) -> NDArray[np.uint64]:
        """Return the sizes released by free page reporting so far, in order."""
        self._drain_trace()
        return np.concatenate(self._reported)

    def stats(self) -> dict[str, int]:
        """Ask the driver for its statistics and return what it sends.

        Raises
        ------
        GuestTimeoutError
            If it sends none.
        """
        old_update = self._read("guest-stats")["last-update"]
        self._poll_stats(interval_s=1)  # the shortest QEMU knows; an update is always a later one
        deadline_s = time.monotonic() + _STATS_TIMEOUT_S
        while (answer := self._read("guest-stats"))["last-update"] == old_update:
            if time.monotonic() > deadline_s:
                raise GuestTimeoutError(f"no balloon statistics in {_STATS_TIMEOUT_S:g} s")
            time.sleep(_POLL_S)
        self._poll_stats(interval_s=0)
        return {name: value for name, value in answer["stats"].items() if value != _NOT_SENT}

    def _read(self, name: str) -> dict[str, dict[str, int]]:
        answer: dict[str, dict[str, int]]
        answer = self._link.execute("qom-get", path=_DEVICE, property=name)
        return answer

    def _poll_stats(self, interval_s: int) -> None:
        name = "guest-stats-polling-interval"
        self._link.execute("qom-set", path=_DEVICE, property=name, value=interval_s)

    def _drain_trace(self) -> BalloonTrace:
        """Read QEMU's log and put aside what free page reporting released.

        The driver reports blocks of 2 MiB or more (Linux ``mm/page_reporting.h``), while QEMU
        releases ballooned pages one by one: size tells them apart.
        """
        trace = self._link.process.drain_trace()
        self._reported.append(trace.released_bytes[trace.released_bytes > BALLOON_PAGE_BYTES])
        return trace

    def set_target(self, target_bytes: int) -> None:
        """Tell the driver what the guest should be left with; returns at once."""
        self._link.execute("balloon", value=target_bytes)

    def at_rest(self, target_bytes: int) -> bool:
        """Tell whether the driver has come to what it was asked for last."""
        return self.actual_bytes() == target_bytes

    def wait(self) -> None:
        """Give the driver a moment."""
        time.sleep(_POLL_S)


class Moving(Protocol):
    """A balloon on its way."""

    def actual_bytes(self) -> int:
        """Return what the guest has now."""

    def set_target(self, target_bytes: int) -> None:
        """Tell the driver what the guest should be left with."""

    def at_rest(self, target_bytes: int) -> bool:
        """Tell whether the driver is done with the target it was given last."""

    def wait(self) -> None:
        """Wait a moment, or until something happens."""


def follow(
    balloon: Moving, from_bytes: int, target_bytes: int, progress: bool, step_bytes: int = 0
) -> None:
    """Send a balloon to its target and wait; if that is given up, it is left at rest.

    Parameters
    ----------
    balloon : Moving
    from_bytes, target_bytes : int
        What the guest has, and should be left with.
    progress : bool
        Show a progress bar.
    step_bytes : int
        What the driver moves before it says how far it is: patience grows with it.

    Raises
    ------
    GuestTimeoutError
        If it stops moving.
    """
    title = f"balloon to {format_size(target_bytes)}"
    patience_s = _STALL_S * (1 + step_bytes / (1 << 30))
    actual_bytes, moved_s = from_bytes, time.monotonic()
    try:
        balloon.set_target(target_bytes)  # in here, as it may be interrupted when QEMU has heard it
        with progress_bar(title, progress, abs(target_bytes - from_bytes)) as advance:
            while actual_bytes != target_bytes:
                balloon.wait()
                last_bytes, actual_bytes = actual_bytes, balloon.actual_bytes()
                advance(abs(actual_bytes - from_bytes))
                if actual_bytes != last_bytes:
                    moved_s = time.monotonic()
                elif time.monotonic() - moved_s > patience_s:
                    raise GuestTimeoutError(
                        f"{title}: stays at {format_size(actual_bytes)} for {patience_s:g} s"
                    )
    except BaseException:  # interrupted, too
        with contextlib.suppress(LiveError):
            _stop(balloon, max(_STOP_TIMEOUT_S, patience_s if step_bytes else 0))
        raise


def _stop(balloon: Moving, timeout_s: float) -> None:
    """Make the driver's last step its target, so that it comes back to it and rests."""
    target_bytes = balloon.actual_bytes()
    balloon.set_target(target_bytes)
    deadline_s = time.monotonic() + timeout_s
    while not balloon.at_rest(target_bytes) and time.monotonic() < deadline_s:
        balloon.wait()
