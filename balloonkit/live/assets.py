"""QEMU, a kernel with its virtio modules, and a static busybox: installed ones or fetched ones.

Kernel and busybox need no installation: their packages are fetched and the few files needed are
kept under ``$XDG_CACHE_HOME/balloonkit``, once. QEMU stands on some thirty shared libraries and is
better installed by the system.
"""

import gzip
import hashlib
import lzma
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from balloonkit.live.errors import MissingPackageError
from balloonkit.live.packages import INSTALL_HELP, fetch, unpack

__all__ = ["Assets", "cache_folder", "find_assets", "kernel_of", "read_module"]

#: Virtio as the guest needs it, in loading order; a kernel may have some of it built in.
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_console",
    "virtio_balloon",
)
#: Small kernels for virtual machines: Debian's name, then Ubuntu's.
_KERNEL_PACKAGES = ("linux-image-cloud-amd64", "linux-image-virtual")
#: What a kernel is cut into: one package until Debian 13, four since Linux 7 (and in Ubuntu two).
_KERNEL_PARTS = "linux-(?:image|modules|binary|base)-"
_PART = re.compile(rf"^{_KERNEL_PARTS}(?:unsigned-)?|-unsigned$")
#: Where packages put the kernel itself.
_KERNELS = ("boot/vmlinuz-*", "lib/modules/*/vmlinuz", "usr/lib/modules/*/vmlinuz")
_WANTED = re.compile(
    r"\./(?:usr/)?(?:boot/vmlinuz-[^/]+|bin/busybox|lib/modules/[^/]+/(?:modules\.builtin|vmlinuz)"
    rf"|lib/modules/.*/(?:{'|'.join(_MODULES)})\.ko(?:\.xz|\.gz|\.zst)?)"
)


@dataclass(frozen=True)
class Assets:
    """What a guest is started from.

    Attributes
    ----------
    qemu, kernel, busybox : Path
        Files to run.
    modules : dict of str to Path
        Module files by name, in loading order.
    """

    qemu: Path
    kernel: Path
    busybox: Path
    modules: dict[str, Path]

    @property
    def release(self) -> str:
        """Kernel release, such as ``6.1.0-56-cloud-amd64``."""
        return _release(self.kernel)


def find_assets(kernel: str | Path | None = None) -> Assets:
    """Find what a live guest needs, fetching kernel and busybox if they are not installed.

    Parameters
    ----------
    kernel : path, optional
        A kernel of one's own: a package's file, see `kernel_of`, or a folder one was unpacked in.

    Raises
    ------
    MissingPackageError
        If something is neither installed nor obtainable; the message names the packages.
    """
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None or shutil.which("setpriv") is None:
        missing = "setpriv (package util-linux)" if qemu else "qemu-system-x86_64"
        raise MissingPackageError(f"no {missing} on PATH. {INSTALL_HELP}")
    cache = cache_folder()
    found = kernel_of(Path(kernel), cache) if kernel else _newest_kernel(Path("/"))
    if found is None and (found := _newest_kernel(cache)) is None:
        fetch(_KERNEL_PACKAGES, _KERNEL_PARTS, _WANTED, cache)
        found = _newest_kernel(cache)
    busybox = _static_busybox(Path("/")) or _static_busybox(cache)
    if busybox is None:
        fetch(["busybox-static"], "$", _WANTED, cache)
        busybox = _static_busybox(cache)
    if found is None or busybox is None:
        missing = "kernel with virtio" if found is None else "static busybox"
        raise MissingPackageError(f"no {missing} in the packages fetched. {INSTALL_HELP}")
    return Assets(Path(qemu), found[0], busybox, found[1])


def kernel_of(source: Path, cache: Path) -> tuple[Path, dict[str, Path]]:
    """Find the kernel in a package's file or an unpacked folder, and its virtio modules by name.

    Debian's newest kernels come in pieces (``linux-binary-...``, ``linux-modules-...``,
    ``linux-base-...``): packages of the same version beside the file are unpacked with it, under
    `cache`.

    Raises
    ------
    MissingPackageError
        If there is no kernel, or it lacks a module; says what was looked for.
    """
    folder = source
    if source.is_file():
        if source.suffix != ".deb":
            raise MissingPackageError(
                f"{source}: no package; give a linux-image-....deb, or a folder it was unpacked in"
            )
        packages = _of_one_version(source)
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in packages)).hexdigest()
        folder = cache / "kernels" / digest[:16]
        if _newest_kernel(folder) is None:
            unpack(packages, _WANTED, folder)
    elif not source.is_dir():
        raise MissingPackageError(f"{source}: no such file or folder to take a kernel from")
    found = _newest_kernel(folder)
    if found is None:
        seen = [path.name for path in packages] if source.is_file() else ["it"]
        raise MissingPackageError(
            f"{source}: no kernel with virtio modules in {', '.join(seen)}. Looked for "
            "boot/vmlinuz-* and usr/lib/modules/*/vmlinuz, and for the modules "
            f"{', '.join(_MODULES)} or their names in modules.builtin; put linux-image, "
            "linux-binary, linux-modules and linux-base of one version into one folder"
        )
    return found


def _of_one_version(package: Path) -> list[Path]:
    """Return a kernel's package and those beside it that are parts of the same kernel."""
    name, _, version = package.name.partition("_")
    release = _PART.sub("", name)
    return [
        path
        for path in sorted(package.parent.glob(f"linux-*_{version}"))
        if path == package or _PART.sub("", path.name.partition("_")[0]) == release
    ] or [package]


def cache_folder() -> Path:
    """Return the folder what was fetched and built is kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "balloonkit"


def read_module(path: Path) -> bytes:
    """Read a module, unpacked: the guest's ``insmod`` takes plain ones only.

    Raises
    ------
    MissingPackageError
        If it is packed as Ubuntu's are and there is no ``zstd``, which Python knows from 3.14 on.
    """
    if path.suffix == ".zst":
        zstd = shutil.which("zstd")
        if zstd is None:
            raise MissingPackageError(f"no zstd on PATH to unpack {path}: apt-get install zstd")
        return subprocess.run([zstd, "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _newest_kernel(root: Path) -> tuple[Path, dict[str, Path]] | None:
    """Find the newest readable kernel under `root` that has virtio, and its modules."""
    kernels = [path for pattern in _KERNELS for path in root.glob(pattern)]
    for kernel in sorted(kernels, key=_version, reverse=True):
        modules = _modules(root, _release(kernel))
        if modules is not None and os.access(kernel, os.R_OK):
            return kernel, modules
    return None


def _release(kernel: Path) -> str:
    """Tell the release by the file's name, or by its folder's, as Debian has it since Linux 7."""
    return kernel.name.removeprefix("vmlinuz-") if kernel.name != "vmlinuz" else kernel.parent.name


def _version(kernel: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", _release(kernel))]


def _modules(root: Path, release: str) -> dict[str, Path] | None:
    """Find the virtio modules of a kernel; None if one is neither a file nor built in."""
    folders = [root / lib / "modules" / release for lib in ("lib", "usr/lib")]
    found = {
        path.name.partition(".")[0]: path
        for folder in folders
        for path in folder.glob("kernel/drivers/**/virtio*.ko*")
        if path.suffix in (".ko", ".xz", ".gz", ".zst")
    }
    built_in = "".join(
        path.read_text() for folder in folders if (path := folder / "modules.builtin").exists()
    )
    # Before Linux 5.17 virtio_pci carried its legacy and modern parts itself.
    required = [name for name in _MODULES if not name.endswith("_dev")]
    if all(name in found or f"/{name}.ko" in built_in for name in required):
        return {name: found[name] for name in _MODULES if name in found}
    return None


def _static_busybox(root: Path) -> Path | None:
    for name in ("bin/busybox", "usr/bin/busybox"):
        path = root / name
        # A dynamic executable names its loader in the first page, and the guest has none.
        if path.is_file() and b"/ld-linux" not in path.read_bytes()[:4096]:
            return path
    return None
