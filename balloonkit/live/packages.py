"""Fetch packages and unpack a few of their files, as an ordinary user of Debian or Ubuntu."""

import re
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from balloonkit.live.errors import MissingPackageError

__all__ = ["INSTALL_HELP", "fetch", "unpack"]

#: What to do when fetching is impossible.
INSTALL_HELP = (
    "Install with: apt-get install --no-install-recommends qemu-system-x86 "
    "linux-image-cloud-amd64 busybox-static (Ubuntu: linux-image-virtual zstd)"
)
_TIMEOUT_S = 300


def fetch(names: Sequence[str], parts: str, wanted: re.Pattern[str], folder: Path) -> None:
    """Download the first package of `names` that apt knows and unpack files of it into `folder`.

    Parameters
    ----------
    names : sequence of str
        Names of one thing in different distributions.
    parts : str
        Prefix pattern of the dependencies that belong to it and are unpacked too.
    wanted : pattern
        Matches the whole path of each file to unpack, such as ``./bin/busybox``.
    folder : Path
        Root to unpack into.

    Raises
    ------
    MissingPackageError
        If no package can be had; shows apt's own message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        options: list[str] = []
        packages = _resolve(names, parts, options)
        if not packages:
            # Container images come without package lists; fetch our own, for this once.
            lists = Path(scratch, "lists")
            (lists / "partial").mkdir(parents=True)
            options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={scratch}"]
            _run(["apt-get", *options, "update"], folder)
            packages = _resolve(names, parts, options)
        if not packages:
            raise MissingPackageError(f"apt knows none of {', '.join(names)}. {INSTALL_HELP}")
        _run(["apt-get", *options, "download", *packages], Path(scratch))
        unpack(sorted(Path(scratch).glob("*.deb")), wanted, folder)


def unpack(packages: Sequence[Path], wanted: re.Pattern[str], folder: Path) -> None:
    """Unpack files of packages that are here into `folder`; see `fetch`.

    Raises
    ------
    MissingPackageError
        If one is no package.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        unpacked = Path(scratch)
        for package in packages:
            _unpack(package, wanted, unpacked)
        # By renaming, modules before what names them whole: a kernel that is there has its modules.
        files = (path for path in unpacked.rglob("*") if path.is_symlink() or path.is_file())
        for file in sorted(files, key=_kernel_last):
            target = folder / file.relative_to(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)


def _kernel_last(file: Path) -> tuple[bool, str]:
    return file.name.startswith("vmlinuz"), str(file)


def _resolve(names: Sequence[str], parts: str, options: list[str]) -> list[str]:
    """Return the first known of `names` and, from meta packages down, its parts."""
    for name in names:
        record = _run(["apt-cache", *options, "show", "--no-all-versions", name], check=False)
        if record:
            depends = re.search(r"^Depends: (.*)$", record, re.MULTILINE)
            found = re.findall(rf"(?:^|, )({parts}[a-z0-9.+-]+)", depends[1]) if depends else []
            return [name, *(part for one in found for part in _resolve([one], parts, options))]
    return []


def _unpack(package: Path, wanted: re.Pattern[str], folder: Path) -> None:
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            _unpack_tar(process.stdout, wanted, folder)
        except tarfile.TarError as error:
            said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
            raise MissingPackageError(f"{package}: no Debian package ({said or error})") from error


def _unpack_tar(stream: IO[bytes] | None, wanted: re.Pattern[str], folder: Path) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if not wanted.fullmatch(member.name) or member.isdir():
                continue
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                if not Path(member.linkname).is_absolute():  # that would lead out of the folder
                    target.symlink_to(member.linkname)
            elif data := archive.extractfile(member):
                target.write_bytes(data.read())
                target.chmod(member.mode & 0o755)


def _run(command: list[str], folder: Path | None = None, check: bool = True) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, check=check, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise MissingPackageError(f"no {command[0]} to fetch with. {INSTALL_HELP}") from error
    except subprocess.CalledProcessError as error:
        raise MissingPackageError(
            f"{' '.join(command)}: {error.stderr.strip()}. {INSTALL_HELP}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MissingPackageError(
            f"{' '.join(command)}: no answer in {_TIMEOUT_S} s. {INSTALL_HELP}"
        ) from error
    return done.stdout
