"""From nothing to a capture: boot a guest, age it, and record its balloon."""

from pathlib import Path

from balloonkit.captures.write import check_target
from balloonkit.live.balloon import BalloonMove
from balloonkit.live.errors import RefusedError
from balloonkit.live.guest import LiveGuest
from balloonkit.units import format_size, parse_size

__all__ = ["capture"]


def capture(
    memory: str | int,
    leave: str | int,
    age_seed: int | None,
    path: str | Path,
    force: bool = False,
    driver: str = "classic",
    shared: bool = False,
    kernel: str | Path | None = None,
) -> BalloonMove:
    """Boot a guest, age it, inflate and deflate its balloon, and write a capture.

    Parameters
    ----------
    memory : str or int
        RAM of the guest.
    leave : str or int
        What the inflated balloon leaves to the guest.
    age_seed : int, optional
        Seed of the ageing; None leaves the guest idle.
    path : str or Path
        File to write, ``.npz``.
    force : bool
        Replace a file of this name; without it, and for anything but an ordinary file, that is
        refused before the guest boots.
    driver : str
        "classic" or "chunks", see `LiveGuest`.
    shared : bool
        RAM in a memory file, as the chunks driver always has it.
    kernel : path, optional
        A kernel of one's choice, see `LiveGuest`.

    Returns
    -------
    inflate : BalloonMove

    Raises
    ------
    LiveError
        If the guest cannot be had, or cannot be left with so little.
    OSError
        If the file cannot be written; one that was there before stays as it was.

    Examples
    --------
    >>> move = capture("1GiB", "512MiB", age_seed=7, path="guest.npz")  # doctest: +SKIP
    >>> len(move.pfns)  # doctest: +SKIP
    131072
    """
    memory_bytes, left_bytes = parse_size(memory), parse_size(leave)
    if left_bytes > memory_bytes:
        raise RefusedError(
            f"balloon to {format_size(left_bytes)}: the guest's RAM is {format_size(memory_bytes)}"
        )
    check_target(Path(path), force)
    with LiveGuest(memory, driver=driver, shared=shared, kernel=kernel) as guest:
        if age_seed is not None:
            guest.age(seed=age_seed)
        return guest.capture(path, leave, force)
