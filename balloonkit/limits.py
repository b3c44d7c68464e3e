"""How much memory this process can have, asked before any is taken.

The machine says MemAvailable; every control group around the process, v1 and v2, at every level
up to the root, may say less. Going over a group's limit does not fail, it kills, so a size that
does not fit is refused beforehand. Swap is not counted: a balloon measured on swap shows swap.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from balloonkit.units import format_size, parse_size

__all__ = [
    "HEADROOM_BYTES",
    "Limit",
    "MemoryLimitError",
    "ModelTooLargeError",
    "check_memory",
    "check_modelled",
    "fitting_sizes",
    "memory_limit",
]

#: Left over for the interpreter, its page tables' beginnings and everyone else.
HEADROOM_BYTES = 512 << 20
#: Page tables: one 8-byte entry per 4 KiB page.
_PAGE_TABLE_SHARE = 512
_STEP_BYTES = 64 << 20
#: A model takes ordinary memory of this process; what it estimates it needs may be a little off.
_MODEL_HEADROOM_BYTES = 64 << 20


class Limit(NamedTuple):
    """Bytes that can still be taken, and who says so."""

    available_bytes: int
    source: str


class MemoryLimitError(MemoryError):
    """More real memory was asked for than the machine or its control group can give.

    Attributes
    ----------
    requested_bytes, fits_bytes : int
        What was asked, and the largest size that would work now; 0 if none would.
    limit : Limit
    """

    def __init__(self, requested_bytes: int, fits_bytes: int, limit: Limit) -> None:
        super().__init__(requested_bytes, fits_bytes, limit)
        self.requested_bytes = requested_bytes
        self.fits_bytes = fits_bytes
        self.limit = limit

    def __str__(self) -> str:
        advice = (
            f"{format_size(self.fits_bytes)} would work"
            if self.fits_bytes
            else "no size would work; use the host that only counts"
        )
        return (
            f"{format_size(self.requested_bytes)} of real memory do not fit: "
            f"{format_size(self.limit.available_bytes)} are left by {self.limit.source}, and "
            f"{format_size(HEADROOM_BYTES)} must stay free; {advice}"
        )


class ModelTooLargeError(MemoryError):
    """A model of something would need more memory than this process can have."""


def check_memory(size_bytes: int, root: Path = Path("/")) -> None:
    """Refuse `size_bytes` of populated memory if they would not fit now; touches nothing.

    Raises
    ------
    MemoryLimitError
        With the figure, who sets it, and a size that would work.

    Examples
    --------
    >>> check_memory(1 << 20)
    >>> check_memory(1 << 60)
    Traceback (most recent call last):
    balloonkit.limits.MemoryLimitError: 1048576 TiB of real memory do not fit: ...
    """
    limit = memory_limit(root)
    usable_bytes = limit.available_bytes - HEADROOM_BYTES
    if size_bytes + size_bytes // _PAGE_TABLE_SHARE > usable_bytes:
        fits_bytes = usable_bytes * _PAGE_TABLE_SHARE // (_PAGE_TABLE_SHARE + 1)
        fits_bytes = max(0, fits_bytes // _STEP_BYTES * _STEP_BYTES)
        raise MemoryLimitError(size_bytes, fits_bytes, limit)


def fitting_sizes(sizes: Sequence[str]) -> tuple[str, ...]:
    """Return those sizes whose real memory this process may have now.

    Examples
    --------
    >>> fitting_sizes(["1MiB", "1024TiB"])
    ('1MiB',)
    """

    def fits(size: str) -> bool:
        try:
            check_memory(parse_size(size))
        except (MemoryLimitError, OSError):
            return False
        return True

    return tuple(filter(fits, sizes))


def check_modelled(
    needed_bytes: int, what: str, size_bytes: int = 0, root: Path = Path("/")
) -> None:
    """Refuse a model that would not fit into this process's memory; touches nothing.

    Parameters
    ----------
    needed_bytes : int
        Estimate of what the model takes.
    what : str
        What is modelled, for the message.
    size_bytes : int
        The modelled size that needs so much, to name one that works.

    Raises
    ------
    ModelTooLargeError
        With what is needed, what is left, and a size that would work.

    Examples
    --------
    >>> check_modelled(1 << 20, "a guest of 1 GiB")
    >>> check_modelled(1 << 60, "a guest of 1 EiB", 1 << 60)
    Traceback (most recent call last):
    balloonkit.limits.ModelTooLargeError: a guest of 1 EiB needs about 1048576 TiB ...
    """
    if not (root / "proc/meminfo").exists():  # a browser's Python: nobody says what is left
        return
    limit = memory_limit(root)
    usable_bytes = max(limit.available_bytes - _MODEL_HEADROOM_BYTES, 0)
    if needed_bytes <= usable_bytes:
        return
    advice = "take a smaller one"
    if size_bytes:
        fits_bytes = size_bytes * usable_bytes // needed_bytes // _STEP_BYTES * _STEP_BYTES
        advice = f"{format_size(fits_bytes)} would work" if fits_bytes else "no size would work"
    raise ModelTooLargeError(
        f"{what} needs about {format_size(needed_bytes)} here, and "
        f"{format_size(limit.available_bytes)} are left by {limit.source}; {advice}"
    )


def memory_limit(root: Path = Path("/")) -> Limit:
    """Return the tightest limit on this process.

    Parameters
    ----------
    root : Path
        Where ``proc`` and the control groups are found.

    Examples
    --------
    >>> limit = memory_limit()
    >>> limit.available_bytes > 0
    True
    """
    meminfo = dict(line.split(":", 1) for line in (root / "proc/meminfo").read_text().splitlines())
    machine = Limit(int(meminfo["MemAvailable"].split()[0]) << 10, "this machine (MemAvailable)")
    return min([machine, *_group_limits(root)])


def _group_limits(root: Path) -> Iterator[Limit]:
    """Yield what each control group that limits memory has left."""
    for mount, group in _memory_groups(root):
        folder = mount / group
        while True:
            limit = _group_limit(folder)
            if limit is not None:
                yield limit
            if folder == mount:
                break
            folder = folder.parent


def _memory_groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (mount point, our group inside it) of each hierarchy that can limit memory."""
    ours: dict[str, str] = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            ours["cgroup2"] = path
        elif "memory" in controllers.split(","):
            ours["cgroup"] = path
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind not in ours or (kind == "cgroup" and "memory" not in options.split(",")):
            continue
        mounted, mount_point = before.split(" ")[3:5]
        mount = root / mount_point.lstrip("/")
        group = Path(ours[kind])
        # In a container the mount may begin at our own group, whose path names the host's tree.
        inside = group.relative_to(mounted) if group.is_relative_to(mounted) else Path()
        yield mount, Path() if ".." in inside.parts else inside


def _group_limit(folder: Path) -> Limit | None:
    """Read one group's limit less its use; None where it sets none. Clean cache counts as free."""
    for limit_name, use_name, cache_name in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit_text = "".join(_lines(folder / limit_name))
        use_text = "".join(_lines(folder / use_name))
        if limit_text.isdigit() and use_text.isdigit():
            stat = dict(line.split() for line in _lines(folder / "memory.stat"))
            free_bytes = int(limit_text) - int(use_text) + int(stat.get(cache_name, 0))
            return Limit(max(0, free_bytes), f"control group {folder} ({limit_name})")
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:  # absent, as at the root of cgroup v2, or not ours to read
        return []
