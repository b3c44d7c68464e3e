"""QEMU, a kernel with its virtio modules, and a static busybox: installed ones or fetched ones.

A kernel and busybox need no installation: as an ordinary user, ``apt-get download`` fetches the
packages and the few files needed are unpacked into ``$XDG_CACHE_HOME/balloonkit`` once. QEMU has
some thirty shared libraries behind it and is better installed by the system.
"""

import gzip
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from balloonkit.live.errors import MissingPackage

__all__ = ["Assets", "find_assets"]

#: Virtio as the guest needs it, in loading order; a kernel may have some of them built in.
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_console",
    "virtio_balloon",
)
#: Small kernels for virtual machines: Debian's name first, then Ubuntu's.
_KERNEL_PACKAGES = ("linux-image-cloud-amd64", "linux-image-virtual")
_HELP = (
    "Install them with: apt-get install --no-install-recommends qemu-system-x86 "
    "linux-image-cloud-amd64 busybox-static (Ubuntu: linux-image-virtual)"
)
_APT_TIMEOUT_S = 300
_WANTED = re.compile(
    r"\./(?:usr/)?(?:boot/vmlinuz-[^/]+|bin/busybox|lib/modules/[^/]+/modules\.builtin"
    rf"|lib/modules/.*/(?:{'|'.join(MODULES)})\.ko(?:\.xz|\.gz)?)"
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
        return self.kernel.name.removeprefix("vmlinuz-")


def find_assets() -> Assets:
    """Find what a live guest needs, fetching kernel and busybox if they are not installed.

    Raises
    ------
    MissingPackage
        If something is neither installed nor obtainable; the message names the packages.
    """
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None:
        raise MissingPackage(f"no qemu-system-x86_64 on PATH. {_HELP}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "balloonkit"
    kernel = _newest_kernel(Path("/")) or _newest_kernel(cache)
    busybox = _static_busybox(Path("/")) or _static_busybox(cache)
    if kernel is None:
        _fetch(_kernel_packages(), cache)
        kernel = _newest_kernel(cache)
    if busybox is None:
        _fetch(["busybox-static"], cache)
        busybox = _static_busybox(cache)
    if kernel is None or busybox is None:
        raise MissingPackage(f"the packages fetched into {cache} lack what a guest needs. {_HELP}")
    return Assets(Path(qemu), kernel[0], busybox, kernel[1])


def read_module(path: Path) -> bytes:
    """Read a module, unpacked: busybox's ``insmod`` takes plain ones only."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _newest_kernel(root: Path) -> tuple[Path, dict[str, Path]] | None:
    kernels = sorted((root / "boot").glob("vmlinuz-*"), key=_version, reverse=True)
    for kernel in kernels:
        modules = _modules(root, kernel.name.removeprefix("vmlinuz-"))
        if modules is not None and os.access(kernel, os.R_OK):
            return kernel, modules
    return None


def _version(kernel: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", kernel.name)]


def _modules(root: Path, release: str) -> dict[str, Path] | None:
    """Find the virtio modules of a kernel; None if one is neither a file nor built in."""
    folders = [root / prefix / release for prefix in ("lib/modules", "usr/lib/modules")]
    found = {
        path.name.partition(".")[0]: path
        for folder in folders
        for path in folder.glob("kernel/drivers/**/virtio*.ko*")
        if path.suffix in (".ko", ".xz", ".gz")
    }
    built_in = "".join(
        path.read_text() for folder in folders if (path := folder / "modules.builtin").exists()
    )
    # Before Linux 5.17 virtio_pci carried its legacy and modern parts itself.
    required = [name for name in MODULES if not name.endswith("_dev")]
    if all(name in found or f"/{name}.ko" in built_in for name in required):
        return {name: found[name] for name in MODULES if name in found}
    return None


def _static_busybox(root: Path) -> Path | None:
    for name in ("bin/busybox", "usr/bin/busybox"):
        path = root / name
        # A dynamic executable names its loader in the first page, and the guest has none.
        if path.exists() and b"/ld-linux" not in path.read_bytes()[:4096]:
            return path
    return None


def _kernel_packages() -> list[str]:
    """Resolve the meta package to the image and, where split off, modules packages."""
    for meta in _KERNEL_PACKAGES:
        names = [name for name in _depends(meta) if name.startswith("linux-image-")]
        if names:
            modules = [name for name in _depends(names[0]) if name.startswith("linux-modules-")]
            return [names[0], *modules]
    raise MissingPackage(f"apt knows none of {', '.join(_KERNEL_PACKAGES)}. {_HELP}")


def _depends(package: str) -> list[str]:
    shown = _run(["apt-cache", "show", "--no-all-versions", package], check=False)
    line = re.search(r"^Depends: (.*)$", shown, re.MULTILINE)
    return re.findall(r"(?:^|[,|] )([a-z0-9][a-z0-9.+-]*)", line[1]) if line else []


def _fetch(packages: list[str], cache: Path) -> None:
    """Download `packages` and unpack the wanted files into `cache`, as an ordinary user."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        _run(["apt-get", "download", *packages], cwd=scratch)
        for package in Path(scratch).glob("*.deb"):
            _unpack(package, cache)


def _unpack(package: Path, cache: Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unzip:
        with tarfile.open(fileobj=unzip.stdout, mode="r|") as archive:
            for member in archive:
                if member.isfile() and _WANTED.fullmatch(member.name):
                    archive.extract(member, cache, filter="data")


def _run(command: list[str], cwd: str | None = None, check: bool = True) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, check=check, capture_output=True, text=True, timeout=_APT_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise MissingPackage(f"no {command[0]} here to fetch packages with. {_HELP}") from error
    except subprocess.CalledProcessError as error:
        raise MissingPackage(f"{' '.join(command)}: {error.stderr.strip()}. {_HELP}") from error
    except subprocess.TimeoutExpired as error:
        raise MissingPackage(f"{' '.join(command)}: no answer in {_APT_TIMEOUT_S} s") from error
    return done.stdout
