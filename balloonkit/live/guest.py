"""A real Linux guest under QEMU whose balloon is moved from Python."""

import contextlib
import re
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from balloonkit.live.ageing import Ageing
from balloonkit.live.assets import find_assets, read_module
from balloonkit.live.errors import GuestDied, GuestTimeout, LiveError, Refused, TraceLost
from balloonkit.live.initramfs import build_initramfs
from balloonkit.live.memory import GuestMemory, read_memory
from balloonkit.live.process import QemuProcess
from balloonkit.live.qmp import QemuLink
from balloonkit.live.shell import GuestShell
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = ["BalloonMove", "Guest"]

#: Below this the kernel and its initramfs do not fit.
MIN_GUEST_BYTES = 128 << 20
#: QEMU's own memory (code, translation cache) on top of the guest's RAM; measured 150 MiB.
_QEMU_BYTES = 200 << 20
#: Kept out of the balloon for the guest's shell and the page tables it needs to be looked at.
_RESERVE_BYTES = 16 << 20
_STALL_S = 15.0
_POLL_S = 0.05
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
    released_bytes : array of uint64
        Sizes QEMU gave back to the host, one madvise call each; empty for a deflate.
    seconds : float
        Wall time, under software emulation: good for comparing runs on one machine only.
    """

    from_bytes: int
    to_bytes: int
    pfns: NDArray[np.uint32]
    messages: int
    released_bytes: NDArray[np.uint64]
    seconds: float


class Guest:
    """A Linux guest in software emulation, with one vCPU and a virtio balloon.

    Parameters
    ----------
    memory : str or int
        RAM of the guest, such as ``"1GiB"``.
    init_on_alloc : bool
        Let the guest zero each page it allocates, the distributions' default. Off, because a page
        zeroed on its way into the balloon becomes resident just to be given away.
    reporting : bool
        Let the guest report free blocks of its own accord (VIRTIO_BALLOON_F_REPORTING); `reported`
        tells what it released. Off, because it changes what is resident behind the balloon's back.
    progress : bool
        Show a progress bar.

    Raises
    ------
    MissingPackage
        If QEMU, a kernel or busybox cannot be found or fetched.
    Refused
        If the machine cannot give so much memory.
    GuestDied, GuestTimeout
        If the guest does not come up.

    Examples
    --------
    >>> with Guest("256MiB", progress=False) as guest:  # doctest: +SKIP
    ...     guest.age(seed=1)
    ...     move = guest.balloon("128MiB")
    ...     len(move.pfns), move.messages
    (32768, 128)
    """

    def __init__(
        self,
        memory: str | int = "1GiB",
        *,
        init_on_alloc: bool = False,
        reporting: bool = False,
        progress: bool = True,
        boot_timeout_s: float = 60.0,
    ) -> None:
        self.memory_bytes = parse_size(memory)
        self.ageing: Ageing | None = None
        self._progress = progress
        _check_size(self.memory_bytes)
        assets = find_assets()
        modules = {name: read_module(path) for name, path in assets.modules.items()}
        initramfs = build_initramfs(assets.busybox.read_bytes(), modules)
        options = f"init_on_alloc={int(init_on_alloc)}"
        self.kernel = assets.release
        self._link = QemuLink(
            lambda: QemuProcess(assets, initramfs, self.memory_bytes, options, reporting)
        )
        self._close = weakref.finalize(self, self._link.close)
        assert self._link.process is not None
        self._process = self._link.process
        self._shell = GuestShell(self._process.port_socket)
        self._last_move: BalloonMove | None = None
        self._reported: list[NDArray[np.uint64]] = []
        try:
            with self._alive():
                self._shell.wait_ready(boot_timeout_s)
            self.iomem, self.zoneinfo = self.text("/proc/iomem"), self.text("/proc/zoneinfo")
            # What firmware and kernel did before is no business of the balloon's.
            self._process.drain_trace()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the guest; nothing of it remains. Also happens when Python exits or dies."""
        self._close()

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        return self._process.pid

    def qemu_version(self) -> str:
        """Return QEMU's version, such as ``"7.2.22"``."""
        version = self._link.execute("query-version")["qemu"]
        return f"{version['major']}.{version['minor']}.{version['micro']}"

    def text(self, path: str) -> str:
        """Return the contents of a text file in the guest, such as ``"/proc/meminfo"``."""
        return self._run(f"cat {path}").decode()

    def age(self, seed: int = 0, size: str | int | None = None, kept: float = 0.1) -> None:
        """Fragment the guest's memory; see `balloonkit.live.ageing` for the workload.

        Parameters
        ----------
        seed : int
            The same seed gives the same files, removed in the same order.
        size : str or int, optional
            Memory to write; by default 70 % of what is available.
        kept : float
            Share of the files that stay, 0 to 1.

        Raises
        ------
        Refused
            If so much is not available in the guest.
        """
        available_bytes = self._available_bytes()
        size_bytes = int(available_bytes * 0.7) if size is None else parse_size(size)
        limit_bytes = int(available_bytes * 0.9)
        if size_bytes > limit_bytes:
            raise Refused(
                f"ageing with {format_size(size_bytes)}: the guest can take "
                f"{format_size(limit_bytes)} of files without running out of memory"
            )
        if not 0 <= kept <= 1:
            raise ValueError(f"kept={kept}: a share, 0 to 1")
        ageing = Ageing(size_bytes & -BALLOON_PAGE_BYTES, kept, seed)
        # Under emulation 100 MiB take about a second.
        self._run(ageing.command(), timeout_s=60 + size_bytes / (10 << 20))
        self.ageing = ageing

    def floor_bytes(self) -> int:
        """Return the smallest memory the guest can be left with, as it is now."""
        spare_bytes = self._available_bytes() - _RESERVE_BYTES
        floor_bytes = self.actual_bytes() - max(spare_bytes, 0)
        return -(-floor_bytes // BALLOON_PAGE_BYTES) * BALLOON_PAGE_BYTES

    def actual_bytes(self) -> int:
        """Return what the guest has now: its RAM less the balloon."""
        return int(self._link.execute("query-balloon")["actual"])

    def balloon(self, target: str | int) -> BalloonMove:
        """Inflate or deflate the balloon until the guest is left with `target`, and wait.

        Raises
        ------
        Refused
            If `target` is more than the guest's RAM, or less than it can live with.
        GuestTimeout
            If the balloon stops moving; it then stays where it is.
        TraceLost
            If QEMU could not log every page, as on a full disk.
        """
        target_bytes = parse_size(target)
        self._check_target(target_bytes)
        started_s = time.monotonic()
        from_bytes = self.actual_bytes()
        self._keep_reported()
        self._link.execute("balloon", value=target_bytes)
        try:
            self._follow(from_bytes, target_bytes)
        except BaseException:
            with contextlib.suppress(LiveError):
                self._link.execute("balloon", value=self.actual_bytes())
            raise
        seconds = time.monotonic() - started_s
        trace = self._process.drain_trace()
        pages = abs(target_bytes - from_bytes) // BALLOON_PAGE_BYTES
        if len(trace.pfns) != pages:
            raise TraceLost(
                f"the balloon moved {pages} pages, QEMU's log shows {len(trace.pfns)}: is the disk "
                "that holds temporary files full (TMPDIR)?"
            )
        self._last_move = BalloonMove(
            from_bytes, target_bytes, trace.pfns, trace.messages, trace.released[:, 1], seconds
        )
        return self._last_move

    def sent(self) -> NDArray[np.uint32]:
        """Return the PFNs of the last movement in wire order; empty if there was none."""
        return self._last_move.pfns if self._last_move else np.empty(0, np.uint32)

    def memory(self) -> GuestMemory:
        """Read the flags of every page of the guest, and its free lists."""
        with self._alive():
            return read_memory(self._shell)

    def resident_bytes(self) -> int:
        """Return how much of the guest's RAM is resident on the host."""
        with self._alive():
            return self._process.ram_mapping()[1]

    def stats(self) -> dict[str, int]:
        """Return the statistics the guest's balloon driver sends, in bytes and events.

        Raises
        ------
        GuestTimeout
            If the driver sends none.
        """
        where = {"path": "/machine/peripheral/balloon"}
        polling = {**where, "property": "guest-stats-polling-interval"}
        self._link.execute("qom-set", **polling, value=1)
        deadline_s = time.monotonic() + _STATS_TIMEOUT_S
        asked = int(time.time())
        try:
            while time.monotonic() < deadline_s:
                answer = self._link.execute("qom-get", **where, property="guest-stats")
                if answer["last-update"] > asked:
                    # QEMU writes a value the driver did not send as 2^64 - 1.
                    return {k: v for k, v in answer["stats"].items() if 0 <= v < 2**64 - 1}
                time.sleep(_POLL_S)
        finally:
            self._link.execute("qom-set", **polling, value=0)
        raise GuestTimeout(f"no balloon statistics in {_STATS_TIMEOUT_S:g} s")

    def reported_bytes(self) -> NDArray[np.uint64]:
        """Return the sizes of all ranges released by free page reporting so far, in order."""
        self._keep_reported()
        return np.concatenate([np.empty(0, np.uint64), *self._reported])

    def _keep_reported(self) -> None:
        self._reported.append(self._process.drain_trace().released[:, 1])

    def _check_target(self, target_bytes: int) -> None:
        if target_bytes > self.memory_bytes:
            raise Refused(
                f"balloon to {format_size(target_bytes)}: the guest's RAM is "
                f"{format_size(self.memory_bytes)}"
            )
        if target_bytes % BALLOON_PAGE_BYTES:
            raise Refused(f"balloon to {target_bytes} bytes: not a whole number of 4 KiB pages")
        floor_bytes = self.floor_bytes()
        if target_bytes < min(floor_bytes, self.actual_bytes()):
            raise Refused(
                f"balloon to {format_size(target_bytes)}: the guest needs at least "
                f"{format_size(floor_bytes)} now ({floor_bytes} bytes)"
            )

    def _follow(self, from_bytes: int, target_bytes: int) -> None:
        """Wait until `actual` is the target, as long as it moves."""
        actual_bytes, moved_s = from_bytes, time.monotonic()
        with Progress(transient=True, disable=not self._progress) as progress:
            task = progress.add_task(
                f"balloon to {format_size(target_bytes)}", total=abs(target_bytes - from_bytes)
            )
            while actual_bytes != target_bytes:
                time.sleep(_POLL_S)
                last_bytes, actual_bytes = actual_bytes, self.actual_bytes()
                progress.update(task, completed=abs(actual_bytes - from_bytes))
                now_s = time.monotonic()
                moved_s = now_s if actual_bytes != last_bytes else moved_s
                if now_s - moved_s > _STALL_S:
                    raise GuestTimeout(
                        f"balloon to {format_size(target_bytes)}: stays at "
                        f"{format_size(actual_bytes)} for {_STALL_S:g} s"
                    )

    def _available_bytes(self) -> int:
        found = re.search(r"MemAvailable: +(\d+) kB", self.text("/proc/meminfo"))
        if found is None:
            raise LiveError("the guest's /proc/meminfo shows no MemAvailable")
        return int(found[1]) << 10

    def _run(self, command: str, timeout_s: float = 30.0) -> bytes:
        with self._alive():
            return self._shell.run(command, timeout_s)

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError, LookupError) as error:
            raise GuestDied(self._process.last_words()) from error
        except GuestTimeout as error:
            raise GuestTimeout(f"{error}. {self._process.last_words()}") from error


def _check_size(memory_bytes: int) -> None:
    if memory_bytes < MIN_GUEST_BYTES:
        raise Refused(
            f"a guest of {format_size(memory_bytes)}: Linux needs at least "
            f"{format_size(MIN_GUEST_BYTES)}"
        )
    limit_bytes = _machine_available_bytes() - _QEMU_BYTES
    if memory_bytes > limit_bytes:
        raise Refused(
            f"a guest of {format_size(memory_bytes)}: this machine can give "
            f"{format_size(max(limit_bytes, 0))} now"
        )


def _machine_available_bytes() -> int:
    found = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    if found is None:
        raise LiveError("/proc/meminfo shows no MemAvailable")
    return int(found[1]) << 10
