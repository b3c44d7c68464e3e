"""The duel: cases of every family, given to both sides, and what each made of them."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

import numpy as np

from balloonkit.duel.families import FAMILIES, SMALL, Family
from balloonkit.duel.found import Duel
from balloonkit.duel.lane import DuelLane, OtherLane, run_lane
from balloonkit.host.qemu import find_qemu, qemu_version

__all__ = ["run_duel"]

#: Called with what is being done, how many cases are done, and how many there are.
DuelProgress = Callable[[str, int, int], None]
#: Exchanges from which a second process is worth its start.
_TWO_LANES_FROM = 400


def run_duel(
    messages: int = 2000,
    seed: int = 1,
    qemu: str | None = None,
    *,
    only: Collection[str] = (),
    progress: DuelProgress = lambda what, done, total: None,
) -> Duel:
    """Ask both devices.

    Parameters
    ----------
    messages : int
        Exchanges: most are one message, some are a few or a whole ring of them.
    seed : int
    qemu : str, optional
        The program; by default ``qemu-system-x86_64`` on PATH.
    only : collection of str
        Families to take; all by default.
    progress : callable
        Called with (what, exchanges done, exchanges in all).

    Raises
    ------
    NoEmulatorError
        If there is no QEMU.
    ValueError
        If there is no such family.

    Examples
    --------
    >>> duel = run_duel(200, seed=1)  # doctest: +SKIP
    >>> duel.qemu  # doctest: +SKIP
    '7.2.22'
    """
    if unknown := sorted(set(only) - set(FAMILIES)):
        raise ValueError(f"no family {unknown[0]!r}: there are {', '.join(FAMILIES)}")
    version = qemu_version(find_qemu(qemu))
    families = [family for family in FAMILIES.values() if not only or family.name in only]
    numbered = list(enumerate(_order(families, messages, seed)))
    two_lanes = messages >= _TWO_LANES_FROM
    # Other set-ups are rare: they would each start a QEMU in both.
    theirs = [number % 2 == 1 and two_lanes and f.setup == SMALL for number, f in numbered]
    lanes = [
        DuelLane(
            qemu,
            version,
            seed,
            tuple((number, f.name) for number, f in numbered if theirs[number] == other),
        )
        for other in (False, True)
    ]
    started_s = time.perf_counter()
    with ExitStack() as stack:
        other = OtherLane(lanes[1]) if two_lanes else None
        if other is not None:
            stack.callback(other.close)
        begun = 0

        def one_more() -> None:
            nonlocal begun
            progress("exchanges", begun + (other.done if other else 0), messages)
            begun += 1

        duel = run_lane(lanes[0], one_more)
        if other is not None:
            duel.add(other.result())
        progress("exchanges", messages, messages)
    duel.seconds = time.perf_counter() - started_s
    return duel


def _order(families: list[Family], messages: int, seed: int) -> Iterator[Family]:
    """Yield each family once, as far as `messages` goes, then draw them by their share."""
    yield from families[:messages]
    shares = np.array([family.share for family in families], float)
    if messages > len(families) and not shares.any():
        shares[:] = 1
    drawn = np.random.default_rng(seed).choice(
        len(families), max(0, messages - len(families)), p=shares / shares.sum()
    )
    yield from (families[index] for index in drawn)
