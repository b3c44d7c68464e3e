"""A real Linux guest under QEMU whose balloon is moved from Python."""

import contextlib
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from balloonkit.live.ageing import Ageing
from balloonkit.live.assets import find_assets, read_module
from balloonkit.live.balloon import Balloon, BalloonMove
from balloonkit.live.capture_file import check_target, write_capture
from balloonkit.live.errors import (
    GuestDiedError,
    GuestTimeoutError,
    LiveError,
    MissingPackageError,
    RefusedError,
)
from balloonkit.live.free_lists import FreeLists, read_free_lists
from balloonkit.live.initramfs import build_initramfs
from balloonkit.live.memory import GuestMemory, read_memory
from balloonkit.live.process import QemuProcess
from balloonkit.live.progress import progress_bar
from balloonkit.live.shell import GuestShell
from balloonkit.live.size import check_size
from balloonkit.units import BALLOON_PAGE_BYTES, format_size, parse_size

__all__ = ["Guest"]

#: What a guest at its floor still has free, so that its shell can start a command.
_RESERVE_BYTES = 32 << 20
_BOOT_TIMEOUT_S = 60.0
#: Writing and removing files under emulation; measured 70 MiB/s on two shared cores.
_AGEING_BYTES_PER_S = 10 << 20
_MAX_AGEING_SHARE = 0.9


class Guest:
    """A Linux guest in software emulation, with one vCPU and a virtio balloon.

    It boots when created and ends with the ``with`` block, with `close`, or with Python, however
    that ends.

    Parameters
    ----------
    memory : str or int
        RAM of the guest, such as ``"1GiB"``.
    init_on_alloc : bool
        Let the guest zero each page it allocates, the distributions' default. Off, because a page
        zeroed on its way into the balloon becomes resident just to be given away: an inflate of
        untouched memory then takes three times as long.
    reporting : bool
        Let the guest report free blocks of its own accord (VIRTIO_BALLOON_F_REPORTING), see
        `reported`. Off, because it changes what is resident while the balloon stands still.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    memory_bytes : int
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
    >>> with Guest("256MiB") as guest:  # doctest: +SKIP
    ...     guest.age(seed=1)
    ...     move = guest.balloon("128MiB")
    ...     len(move.pfns), move.messages, move.madvise_calls
    (32768, 128, 32768)
    """

    def __init__(
        self,
        memory: str | int = "1GiB",
        *,
        init_on_alloc: bool = False,
        reporting: bool = False,
        progress: bool = True,
    ) -> None:
        self.memory_bytes = parse_size(memory)
        self.ageing: Ageing | None = None
        self._progress = progress
        self._last_pfns = np.empty(0, np.uint32)
        check_size(self.memory_bytes)
        try:
            from balloonkit.live.qmp import QemuLink
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f"{error}. Install it: pip install 'balloonkit[live]'"
            ) from error
        with progress_bar(f"boot of {format_size(self.memory_bytes)}", progress):
            assets = find_assets()
            modules = {name: read_module(path) for name, path in assets.modules.items()}
            disk = build_initramfs(assets.busybox.read_bytes(), modules)
            options = f"init_on_alloc={int(init_on_alloc)}"
            size_bytes = self.memory_bytes  # not self, which the thread would keep alive
            link = QemuLink(lambda: QemuProcess(assets, disk, size_bytes, options, reporting))
            self.close = weakref.finalize(self, link.close)
            self._link, self._process = link, link.process
            try:
                with self._alive():
                    self._shell = GuestShell(link.process.port, _BOOT_TIMEOUT_S)
                self._boot_texts = {
                    "iomem_boot": self.run("cat /proc/iomem"),
                    "zoneinfo_boot": self.run("cat /proc/zoneinfo"),
                }
                self._balloon = Balloon(link, progress)
                qemu = link.execute("query-version")["qemu"]
            except BaseException:
                self.close()
                raise
        self.software = {
            "kernel": assets.release,
            "vmm": f"QEMU {qemu['major']}.{qemu['minor']}.{qemu['micro']}, TCG",
            "machine": "q35",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        return self._process.pid

    def run(self, command: str, timeout_s: float = 30.0) -> str:
        """Run a line in the guest's shell (busybox) and return what it prints.

        Raises
        ------
        LiveError
            If the command fails; shows its output.
        GuestTimeoutError
            If it does not end in time.

        Examples
        --------
        >>> guest.run("head -n 1 /proc/meminfo")  # doctest: +SKIP
        'MemTotal:         480284 kB\\n'
        """
        with self._alive():
            return self._shell.run(command, timeout_s).decode()

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
        available_bytes = self._available_bytes()
        size_bytes = int(available_bytes * 0.7) if size is None else parse_size(size)
        limit_bytes = int(available_bytes * _MAX_AGEING_SHARE)
        if size_bytes > limit_bytes:
            raise RefusedError(
                f"ageing with {format_size(size_bytes)}: the guest can take "
                f"{format_size(limit_bytes)} of files"
            )
        ageing = Ageing(size_bytes, kept, seed)
        with progress_bar(f"ageing with {format_size(size_bytes)}", self._progress):
            self.run(ageing.command(), timeout_s=30 + size_bytes / _AGEING_BYTES_PER_S)
        self.ageing = ageing

    def actual(self) -> int:
        """Return what the guest has now, in bytes: its RAM less the balloon."""
        return self._balloon.actual_bytes()

    def floor(self) -> int:
        """Return the least the guest can be left with as it is now, in bytes: whole MiB.

        That is what it has, less its MemAvailable (the kernel's own estimate, watermarks taken
        off), plus 32 MiB to live on.
        """
        return -(-self._floor_bytes() >> 20) << 20

    def balloon(self, target: str | int) -> BalloonMove:
        """Inflate or deflate the balloon until the guest is left with `target`, and wait.

        Raises
        ------
        RefusedError
            If `target` is more than the guest's RAM, or less than it can live with.
        GuestTimeoutError
            If the balloon stops moving; it then stays where it is.
        TraceLostError
            If QEMU could not log every page, as on a full disk.
        """
        target_bytes = parse_size(target)
        shown = f"balloon to {format_size(target_bytes)}"
        if target_bytes % BALLOON_PAGE_BYTES:
            raise RefusedError(f"{shown} ({target_bytes} bytes): not a whole number of 4 KiB pages")
        if target_bytes > self.memory_bytes:
            raise RefusedError(f"{shown}: the guest's RAM is {format_size(self.memory_bytes)}")
        # Deflating is always safe, and a guest below its floor must be allowed to.
        if target_bytes < min(self.actual(), self._floor_bytes()):
            raise RefusedError(f"{shown}: now the guest needs {format_size(self.floor())}")
        move = self._balloon.move(target_bytes)
        self._last_pfns = move.pfns
        return move

    def sent(self) -> NDArray[np.uint32]:
        """Return the PFNs of the last movement in wire order; none if there was none."""
        return self._last_pfns

    def memory(self) -> GuestMemory:
        """Read the flags of every page of the guest, and its free lists."""
        with self._alive():
            return read_memory(self._shell)

    def resident(self) -> int:
        """Return how much of the guest's RAM is resident on the host, in bytes."""
        with self._alive():
            return self._process.resident_bytes()

    def reported(self) -> NDArray[np.uint64]:
        """Return the bytes of each range free page reporting released so far, in order."""
        with self._alive():
            return self._balloon.reported_bytes()

    def stats(self) -> dict[str, int]:
        """Return the statistics the guest's balloon driver sends, in bytes and events.

        Takes a second or two: QEMU asks the driver once a second at most.
        """
        return self._balloon.stats()

    def capture(
        self, path: str | Path, balloon: str | int | None = None, force: bool = False
    ) -> None:
        """Inflate the balloon, deflate it again, and write it all to a capture.

        Parameters
        ----------
        path : str or Path
            File to write, ``.npz``; `balloonkit.load_capture` reads it.
        balloon : str or int, optional
            What the inflated balloon leaves to the guest; by default half of its RAM.
        force : bool
            Replace a file of this name.

        Raises
        ------
        RefusedError
            If the guest cannot be left with so little.
        OSError
            If the file cannot be written; one that was there before stays as it was.
        """
        check_target(Path(path), force)
        target_bytes = self.memory_bytes // 2 if balloon is None else parse_size(balloon)
        self.balloon(self.memory_bytes)
        vmemmap = self._vmemmap()  # first: a process that ends moves pages between the lists
        before = self.memory()
        free_lists = self._free_lists(vmemmap, before)
        inflate = self.balloon(target_bytes)
        inflated = self.memory()
        deflate = self.balloon(self.memory_bytes)
        if inflate.migrated or deflate.migrated:
            raise LiveError(
                f"balloon to {format_size(target_bytes)}: the guest was so short of memory that it "
                "moved pages of the balloon; capture with a higher target"
            )
        meta = {
            **self.software,
            "guest_mib": self.memory_bytes >> 20,
            "balloon_target_mib": target_bytes >> 20,
            "ageing": str(self.ageing) if self.ageing else None,
        }
        write_capture(
            Path(path),
            meta,
            self._boot_texts,
            {"before": before, "inflated": inflated, "deflated": self.memory()},
            inflate.pfns,
            deflate.pfns,
            free_lists,
            force,
        )

    def _free_lists(self, vmemmap: int | None, memory: GuestMemory) -> FreeLists | None:
        """Read the free lists; None if this kernel's memory is not laid out as we know it."""
        if vmemmap is None:
            return None
        try:
            return read_free_lists(self._link.read_kernel, vmemmap, memory)
        except RefusedError:  # what is a link in a layout we know is no address in this one
            return None

    def _vmemmap(self) -> int | None:
        """Find the guest kernel's array of struct pages; None if it has no such symbol."""
        symbol = self.run("grep -w vmemmap_base /proc/kallsyms || true").split()
        if not symbol:
            return None
        return int.from_bytes(self._link.read_kernel(int(symbol[0], 16), 8), "little")

    def _floor_bytes(self) -> int:
        return self.actual() - max(self._available_bytes() - _RESERVE_BYTES, 0)

    def _available_bytes(self) -> int:
        meminfo = self.run("cat /proc/meminfo")
        found = re.search(r"^MemAvailable: +(\d+) kB", meminfo, re.MULTILINE)
        if found is None:
            raise LiveError(f"the guest's /proc/meminfo shows no MemAvailable:\n{meminfo}")
        return int(found[1]) << 10

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except GuestTimeoutError as error:
            raise GuestTimeoutError(f"{error}. {self._process.last_words()}") from error
        except (EOFError, OSError, LookupError) as error:
            raise GuestDiedError(self._process.last_words()) from error
