"""What a duel found: kinds of outcome, how often, and the smallest case of each."""

from dataclasses import dataclass, field

from balloonkit.duel.case import DuelCase, DuelOutcome
from balloonkit.duel.compare import difference

__all__ = ["Duel", "Seen"]


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
        self._see(case.family, differs, Seen(1, case, kit, qemu))
        return differs

    def add(self, other: "Duel") -> None:
        """Add what another part of the same duel found."""
        self.cases += other.cases
        self.messages += other.messages
        self.skipped |= other.skipped
        for (family, differs), seen in other.seen.items():
            self._see(family, differs, seen)

    def _see(self, family: str, differs: str, seen: Seen) -> None:
        known = self.seen.setdefault((family, differs), seen)
        if known is not seen:
            if seen.case.size_bytes < known.case.size_bytes:
                known.case, known.kit, known.qemu = seen.case, seen.kit, seen.qemu
            known.count += seen.count

    @property
    def per_second(self) -> float:
        """Exchanges a second, on both sides, with all comparing and the devices' start."""
        return self.cases / self.seconds if self.seconds else 0.0

    def families(self) -> dict[str, int]:
        """Count the cases of each family that was asked."""
        counts: dict[str, int] = {}
        for (family, _), seen in self.seen.items():
            counts[family] = counts.get(family, 0) + seen.count
        return counts
