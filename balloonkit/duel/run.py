"""The duel: cases of every family, given to both sides, and what each made of them."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from balloonkit.duel.arena import Arena
from balloonkit.duel.case import DuelCase, DuelOutcome
from balloonkit.duel.compare import difference
from balloonkit.duel.families import FAMILIES, Family
from balloonkit.duel.script import Script
from balloonkit.host.qemu import find_qemu, qemu_version

__all__ = ["Duel", "Seen", "run_duel"]

#: Called with what is being done, how many cases are done, and how many there are.
DuelProgress = Callable[[str, int, int], None]


@dataclass
class Seen:
    """A kind of outcome: how often, and the smallest case that shows it."""

    count: int
    case: DuelCase
    kit: DuelOutcome
    qemu: DuelOutcome


@dataclass
class Duel:
    """What a duel found.

    Attributes
    ----------
    qemu_version : str
    seed : int
    cases, messages : int
        Exchanges done, and the chains offered in them.
    seconds : float
    seen : dict of (family, difference) to Seen
        The difference is empty where both did the same.
    skipped : dict of str to str
        Families not asked, and why.
    """

    qemu_version: str
    seed: int
    cases: int = 0
    messages: int = 0
    seconds: float = 0.0
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def note(self, case: DuelCase, kit: DuelOutcome, qemu: DuelOutcome) -> str:
        """Count one case; return how the sides differ."""
        differs = difference(kit, qemu)
        self.cases += 1
        self.messages += case.messages
        seen = self.seen.get((case.family, differs))
        if seen is None:
            self.seen[case.family, differs] = Seen(1, case, kit, qemu)
        else:
            seen.count += 1
            if case.size_bytes < seen.case.size_bytes:
                seen.case, seen.kit, seen.qemu = case, kit, qemu
        return differs

    def families(self) -> dict[str, int]:
        """Count the cases of each family that was asked."""
        counts: dict[str, int] = {}
        for (family, _), seen in self.seen.items():
            counts[family] = counts.get(family, 0) + seen.count
        return counts


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
    duel = Duel(qemu_version(find_qemu(qemu)), seed)
    families = [family for family in FAMILIES.values() if not only or family.name in only]
    started_s = time.perf_counter()
    with ExitStack() as stack:
        arenas: dict[str, Arena] = {}
        for number, family in enumerate(_order(families, messages, seed)):
            progress("exchanges", number, messages)
            if family.name in duel.skipped:
                continue
            arena = arenas.get(family.setup.name)
            if arena is None:
                try:
                    arena = Arena(family.setup, qemu)
                except OSError as error:
                    duel.skipped |= {
                        f.name: f"set-up {f.setup.name!r}: {error}"
                        for f in families
                        if f.setup == family.setup
                    }
                    continue
                stack.callback(arena.close)
                arenas[family.setup.name] = arena
            script = Script(family.name, arena.available, np.random.default_rng([seed, number]))
            family.write(script)
            case = script.case()
            duel.note(case, *arena.run(case))
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
