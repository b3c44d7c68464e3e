"""Start QEMU with what a guest of one kind needs: its disk, its memory, its balloon's other end."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from balloonkit.host.shared import SharedRelease
from balloonkit.live.assets import find_assets, read_module
from balloonkit.live.chunk_host import ChunkHost
from balloonkit.live.driver import DRIVER_NAME, SOURCES, DriverOptions, build_driver
from balloonkit.live.errors import MissingPackageError, RefusedError
from balloonkit.live.initramfs import build_initramfs
from balloonkit.live.process import QemuProcess
from balloonkit.units import BALLOON_PAGE_BYTES

if TYPE_CHECKING:
    from balloonkit.live.qmp import QemuLink

__all__ = ["DRIVERS", "DRIVER_FILE", "Started", "check_kind", "start"]

#: The drivers a guest can have: the kernel's own, or ours.
DRIVERS = ("classic", "chunks")

#: Where the guest has our driver.
DRIVER_FILE = f"{DRIVER_NAME}.ko"


class Started(NamedTuple):
    """A QEMU whose guest is about to boot.

    Attributes
    ----------
    release : str
        The kernel's.
    link : QemuLink
    memory : SharedRelease or None
        Guest RAM, if it is a memory file.
    host : ChunkHost or None
        The other end of our driver's balloon.
    close : callable
        Ends all of it.
    """

    release: str
    link: "QemuLink"
    memory: SharedRelease | None
    host: ChunkHost | None
    close: Callable[[], None]


def start(
    memory_bytes: int,
    chunks: bool,
    shared: bool,
    kernel_options: str,
    reporting: bool,
    kernel: str | Path | None = None,
    sources: tuple[Path, ...] = SOURCES,
) -> Started:
    """Start QEMU.

    Parameters
    ----------
    memory_bytes : int
        Guest RAM.
    chunks : bool
        Our driver and our host instead of the stock driver and QEMU's device.
    shared : bool
        Guest RAM in a memory file; our host needs it, and takes it unasked.
    kernel_options : str
        Appended to the kernel command line.
    reporting : bool
        Offer VIRTIO_BALLOON_F_REPORTING, if the device is QEMU's.
    kernel : path, optional
        See `balloonkit.live.assets.find_assets`.
    sources : tuple of Path
        What our driver is built of.

    Raises
    ------
    LiveError
        If something is missing, or does not start.
    """
    try:
        from balloonkit.live.qmp import QemuLink
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"{error}. Install it: pip install 'balloonkit[live]'") from error
    assets = find_assets(kernel)
    modules = {name: read_module(path) for name, path in assets.modules.items()}
    files = {DRIVER_FILE: build_driver(assets.release, sources).read_bytes()} if chunks else {}
    disk = build_initramfs(assets.busybox.read_bytes(), modules, files)
    with contextlib.ExitStack() as on_failure:
        memory = host = None
        if shared or chunks:
            memory = SharedRelease(memory_bytes // BALLOON_PAGE_BYTES)
            on_failure.callback(memory.close)
            if chunks:
                host = ChunkHost(memory_bytes, memory)
                on_failure.callback(host.close)
        doorbell = host.doorbell if host else None

        def process() -> QemuProcess:
            return QemuProcess(
                assets, disk, memory_bytes, kernel_options, reporting, memory, doorbell
            )

        link = QemuLink(process)
        on_failure.callback(link.close)
        return Started(assets.release, link, memory, host, on_failure.pop_all().close)


def check_kind(driver: str, options: DriverOptions | None, reporting: bool) -> bool:
    """Refuse what does not go together; tell whether the driver is ours.

    Raises
    ------
    RefusedError
        If there is no such driver, or it does not have what is asked of it.
    """
    if driver not in DRIVERS:
        raise RefusedError(f"driver {driver!r}: give {' or '.join(map(repr, DRIVERS))}")
    if options is not None and driver != "chunks":
        raise RefusedError(f"{options}: the classic driver has none, give driver='chunks' too")
    if reporting and driver == "chunks":
        raise RefusedError("reporting: the chunks driver reports no free pages")
    return driver == "chunks"
