"""Build the driver for a guest's kernel, outside the source tree, as an ordinary user.

Wanted are gcc, make and the headers of exactly that kernel: installed ones, or ones fetched like
the kernel itself. The module is kept by kernel release and by what the source says, so an edited
driver is built anew.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from balloonkit.live.assets import cache_folder
from balloonkit.live.errors import LiveError, MissingPackageError
from balloonkit.live.packages import fetch

__all__ = ["DRIVER_NAME", "SOURCES", "build_driver"]

#: The module, as ``lsmod`` shows it.
DRIVER_NAME = "balloonkit_balloon"
#: What it is made of, in reading order.
SOURCES = tuple(
    Path(__file__).with_name(name)
    for name in ("balloon.h", "device.c", "pages.c", "chunks.c", "wire.c")
)

_MAKEFILE = Path(__file__).with_name("Makefile")
#: Of the packages: what building a module reads, on x86-64.
_WANTED = re.compile(
    r"\./usr/src/linux-headers-[^/]+/"
    r"(?:\.config|Makefile|Kbuild|Module\.symvers|(?:include|scripts|tools)(?:/.*)?"
    r"|arch/x86/.*)"
    r"|\./usr/lib/linux-kbuild-[^/]+/.*"
)
_PARTS = "linux-(?:headers|kbuild)-"
_HELP = "Install with: apt-get install --no-install-recommends gcc make libelf1"
_TIMEOUT_S = 300
_SHOWN_LINES = 12


def build_driver(release: str, sources: tuple[Path, ...] = SOURCES) -> Path:
    """Return the driver built for a kernel, building it if that has not been done.

    Parameters
    ----------
    release : str
        Kernel release, such as ``6.1.0-56-cloud-amd64``.
    sources : tuple of Path
        C files, and headers if there are any.

    Raises
    ------
    MissingPackageError
        If there is no compiler, or no headers for this kernel can be had.
    LiveError
        If it does not compile; shows the compiler's words.

    Examples
    --------
    >>> build_driver("6.1.0-56-cloud-amd64").name  # doctest: +SKIP
    'balloon_chunks.ko'
    """
    texts = [path.read_bytes() for path in (*sources, _MAKEFILE)]
    key = hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
    cache = cache_folder()
    module = cache / "driver" / release / key / f"{DRIVER_NAME}.ko"
    if module.exists():
        return module
    for tool in ("gcc", "make"):
        if shutil.which(tool) is None:
            raise MissingPackageError(f"no {tool} on PATH to build the guest's driver. {_HELP}")
    headers = _headers(release, cache)
    module.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        for path in (*sources, _MAKEFILE):
            shutil.copy(path, scratch)
        made = subprocess.run(
            ["make", "-C", scratch, f"KERNEL={headers}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
        if made.returncode:
            lines = (made.stdout + made.stderr).replace(f"{scratch}/", "").splitlines()
            shown = [line for line in lines if "error" in line.lower()] or lines
            raise LiveError(
                f"the driver does not build for {release}:\n" + "\n".join(shown[:_SHOWN_LINES])
            )
        Path(scratch, module.name).replace(module)  # whole or not at all
    return module


def _headers(release: str, cache: Path) -> Path:
    """Find a kernel's headers, installed or fetched."""
    installed = Path("/lib/modules", release, "build")
    if (installed / "Module.symvers").exists():
        return installed
    name = f"linux-headers-{release}"
    folder = cache / "usr" / "src" / name
    whole = folder / ".balloonkit-whole"  # a fetch that was interrupted must not be taken for one
    if not whole.exists():
        try:
            fetch([name], _PARTS, _WANTED, cache)
        except MissingPackageError as error:
            raise MissingPackageError(
                f"no headers for the guest's kernel {release}: {error}. If the archive has a newer "
                f"kernel by now, remove {cache} and the newest is fetched"
            ) from error
        # Debian's names the shared part by where it would be installed.
        makefile = folder / "Makefile"
        text = makefile.read_text()
        makefile.write_text(text.replace(" /usr/src/", f" {cache}/usr/src/"))
        whole.touch()
    return folder
