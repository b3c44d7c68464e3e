"""A real Linux guest under QEMU whose balloon is moved from Python."""

import weakref
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.ageing import Ageing, plan_ageing
from balloonkit.live.balloon import Balloon, BalloonMove
from balloonkit.live.boot import DRIVER_FILE, check_kind, start
from balloonkit.live.chunk_balloon import ChunkBalloon
from balloonkit.live.driver import DRIVER_NAME, SOURCES, DriverOptions
from balloonkit.live.errors import RefusedError
from balloonkit.live.progress import progress_bar
from balloonkit.live.record import record
from balloonkit.live.running import RunningGuest
from balloonkit.live.shell import GuestShell
from balloonkit.live.size import check_left, check_size
from balloonkit.units import format_size, parse_size

__all__ = ["LiveGuest"]

#: What a guest at its floor still has free, so that its shell can start a command.
_RESERVE_BYTES = 32 << 20
_BOOT_TIMEOUT_S = 60.0
#: Writing and removing files under emulation; measured 70 MiB/s on two shared cores.
_AGEING_BYTES_PER_S = 10 << 20


class LiveGuest(RunningGuest):
    """A Linux guest in software emulation, with one vCPU and a virtio balloon.

    It boots when created and ends with the ``with`` block, with `close`, or with Python, however
    that ends.

    Parameters
    ----------
    memory : str or int
        RAM of the guest, such as ``"1GiB"``.
    driver : str
        "classic": the kernel's own driver and QEMU's device. "chunks": a driver of ours, built for
        this kernel, that speaks VIRTIO_BALLOON_F_PAGE_CHUNKS, and `balloonkit.host`'s device.
    shared : bool
        RAM in a memory file, as our device needs it and always has it. Releasing such memory costs
        something else than private memory: compare two drivers on the same kind.
    options : DriverOptions, optional
        Of the chunks driver.
    init_on_alloc : bool
        Let the guest zero each page it allocates, the distributions' default. Off, because a page
        zeroed on its way into the balloon becomes resident just to be given away: an inflate of
        untouched memory then takes three times as long.
    reporting : bool
        Let the guest report free blocks of its own accord (VIRTIO_BALLOON_F_REPORTING), see
        `reported`. Off, because it changes what is resident while the balloon stands still.
    kernel : path, optional
        A kernel of your choice: the file of its package (``linux-image-....deb``; the parts of a
        kernel that comes in several beside it), or a folder it was unpacked in.
    sources : tuple of Path
        C files of a chunks driver of your own; by default the kit's, `balloonkit.live.driver`.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    memory_bytes : int
    driver : str
    options : DriverOptions or None
        What the chunks driver was loaded with.
    memory_file : SharedRelease or None
        RAM as the host holds it, if it is shared.
    host : ChunkHost or None
        The other end of the chunks driver's balloon.
    boot_texts : dict
        ``/proc/iomem`` and ``/proc/zoneinfo`` before the balloon moved.
    software : dict
        Names of kernel, virtual machine monitor and machine, as a capture's meta data has them.
    ageing : Ageing or None
        The last one.

    Raises
    ------
    MissingPackageError
        If QEMU, a kernel or busybox cannot be found or fetched.
    RefusedError
        If the machine cannot give so much memory.
    GuestDiedError, GuestTimeoutError
        If the guest does not come up.

    Examples
    --------
    >>> with LiveGuest("256MiB") as guest:  # doctest: +SKIP
    ...     guest.age(seed=1)
    ...     move = guest.balloon("128MiB")
    ...     len(move.pfns), move.messages, move.madvise_calls
    (32768, 128, 32768)
    """

    def __init__(
        self,
        memory: str | int = "1GiB",
        *,
        driver: str = "classic",
        shared: bool = False,
        options: DriverOptions | None = None,
        init_on_alloc: bool = False,
        reporting: bool = False,
        kernel: str | Path | None = None,
        sources: tuple[Path, ...] = SOURCES,
        progress: bool = True,
    ) -> None:
        self.memory_bytes = parse_size(memory)
        self.driver = driver
        self.options: DriverOptions | None = None
        self.ageing: Ageing | None = None
        self._progress = progress
        self._last: NDArray[np.unsignedinteger] = np.empty(0, np.uint32)
        chunks = check_kind(driver, options, reporting)
        check_size(self.memory_bytes)
        with progress_bar(f"boot of {format_size(self.memory_bytes)}", progress):
            kernel_options = f"init_on_alloc={int(init_on_alloc)}"
            started = start(
                self.memory_bytes, chunks, shared, kernel_options, reporting, kernel, sources
            )
            self.close = weakref.finalize(self, started.close)
            self._link, self._process, self.host = started.link, started.link.process, started.host
            self.memory_file = started.memory
            try:
                with self._alive():
                    self._shell = GuestShell(self._process.port, _BOOT_TIMEOUT_S)
                self.boot_texts = {
                    "iomem_boot": self.run("cat /proc/iomem"),
                    "zoneinfo_boot": self.run("cat /proc/zoneinfo"),
                }
                self._balloon: Balloon | ChunkBalloon
                if self.host is None:
                    self._balloon = Balloon(self._link, progress)
                else:
                    self._balloon = ChunkBalloon(self.host, self._process, progress)
                    self.load_driver(options or DriverOptions())
                qemu = self._link.execute("query-version")["qemu"]
            except BaseException:
                self.close()
                raise
        self.software = {
            "kernel": started.release,
            "vmm": f"QEMU {qemu['major']}.{qemu['minor']}.{qemu['micro']}, TCG",
            "machine": "q35",
        }
        if chunks:
            self.software["driver"] = DRIVER_NAME

    def load_driver(self, options: DriverOptions) -> None:
        """Load the chunks driver with other options; one that is loaded gives its pages back first.

        Raises
        ------
        RefusedError
            If this guest was not made with ``driver="chunks"``.
        """
        if self.host is None:
            raise RefusedError("this guest has the stock driver: make one with driver='chunks'")
        self.host.set_target(0)
        self.run(f"! grep -q ^{DRIVER_NAME} /proc/modules || rmmod {DRIVER_NAME}", _BOOT_TIMEOUT_S)
        self.run(f"insmod /{DRIVER_FILE} {options.words()}")
        self.options = options

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        RefusedError
            If so much is not available in the guest.
        """
        ageing = plan_ageing(self._available_bytes(), size, kept, seed)
        size_bytes = ageing.size_bytes
        with progress_bar(f"ageing with {format_size(size_bytes)}", self._progress):
            self.run(ageing.command(), timeout_s=30 + size_bytes / _AGEING_BYTES_PER_S)
        self.ageing = ageing

    def actual(self) -> int:
        """Return what the guest has now, in bytes: its RAM less the balloon."""
        with self._alive():
            return self._balloon.actual_bytes()

    def floor(self) -> int:
        """Return the least the guest can be left with as it is now, in bytes: whole MiB.

        That is what it has, less its MemAvailable (the kernel's own estimate, watermarks taken
        off), plus 32 MiB to live on.
        """
        return -(-self._floor_bytes() >> 20) << 20

    def balloon(self, leave: str | int) -> BalloonMove:
        """Inflate or deflate the balloon until the guest is left with `leave`, and wait.

        Raises
        ------
        RefusedError
            If `leave` is more than the guest's RAM, or less than it can live with.
        GuestTimeoutError
            If the balloon stops moving; it then stays where it is.
        TraceLostError
            If QEMU could not log every page, as on a full disk.
        """
        target_bytes = parse_size(leave)
        shown = f"balloon to {format_size(target_bytes)}"
        check_left(target_bytes, self.memory_bytes)
        # Deflating is always safe, and a guest below its floor must be allowed to.
        if target_bytes < min(self.actual(), self._floor_bytes()):
            raise RefusedError(f"{shown}: now the guest needs {format_size(self.floor())}")
        resident_bytes = self.resident()
        with self._alive():
            move = self._balloon.move(target_bytes)
        self._last = move.pfns if move.chunks is None else move.chunks
        return replace(move, freed_bytes=resident_bytes - self.resident())

    def sent(self) -> NDArray[np.unsignedinteger]:
        """Return what the last movement sent, in wire order; nothing if there was none.

        PFNs, shape (n,), or of the chunks driver (base, size), shape (n, 2).
        """
        return self._last

    def reported(self) -> NDArray[np.uint64]:
        """Return the bytes of each range free page reporting released so far, in order."""
        with self._alive():
            return self._balloon.reported_bytes()

    def stats(self) -> dict[str, int]:
        """Return the statistics the guest's balloon driver sends, in bytes and events.

        Takes a second or two: QEMU asks the driver once a second at most.
        """
        with self._alive():
            return self._balloon.stats()

    def capture(
        self, path: str | Path, leave: str | int | None = None, force: bool = False
    ) -> BalloonMove:
        """Inflate the balloon, deflate it again, and write it all to a capture.

        Parameters
        ----------
        path : str or Path
            File to write, ``.npz``; `balloonkit.load_capture` reads it.
        leave : str or int, optional
            What the inflated balloon leaves to the guest; by default half of its RAM.
        force : bool
            Replace a file of this name.

        Returns
        -------
        inflate : BalloonMove

        Raises
        ------
        RefusedError
            If the guest cannot be left with so little.
        OSError
            If the file cannot be written; one that was there before stays as it was.
        """
        target_bytes = self.memory_bytes // 2 if leave is None else parse_size(leave)
        return record(self, Path(path), target_bytes, force)

    def _floor_bytes(self) -> int:
        return self.actual() - max(self._available_bytes() - _RESERVE_BYTES, 0)
