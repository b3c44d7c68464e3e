"""From nothing to a capture: boot a guest, age it, balloon it, and write down what happened."""

from pathlib import Path

from balloonkit.live.capture_file import check_target
from balloonkit.live.errors import RefusedError
from balloonkit.live.guest import Guest
from balloonkit.units import format_size, parse_size

__all__ = ["capture"]


def capture(
    memory: str | int,
    balloon: str | int,
    age_seed: int | None,
    path: str | Path,
    force: bool = False,
) -> None:
    """Boot a guest, age it, inflate and deflate its balloon, and write a capture.

    Parameters
    ----------
    memory : str or int
        RAM of the guest.
    balloon : str or int
        What the inflated balloon leaves to the guest.
    age_seed : int, optional
        Seed of the ageing; None leaves the guest idle.
    path : str or Path
        File to write, ``.npz``.
    force : bool
        Replace a file of this name; without it, and for anything but an ordinary file, that is
        refused before the guest boots.

    Raises
    ------
    LiveError
        If the guest cannot be had, or cannot be left with so little.
    OSError
        If the file cannot be written; one that was there before stays as it was.
    """
    memory_bytes, left_bytes = parse_size(memory), parse_size(balloon)
    if left_bytes > memory_bytes:
        raise RefusedError(
            f"balloon to {format_size(left_bytes)}: the guest's RAM is {format_size(memory_bytes)}"
        )
    check_target(Path(path), force)
    with Guest(memory) as guest:
        if age_seed is not None:
            guest.age(seed=age_seed)
        guest.capture(path, balloon, force)
