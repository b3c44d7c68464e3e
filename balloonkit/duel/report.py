"""A duel as tables and as plain data."""

from typing import Any

from rich.table import Table

from balloonkit.duel.case import shortened
from balloonkit.duel.expected import Expected, Surprise, expected_differences, surprises
from balloonkit.duel.families import FAMILIES, TOPICS
from balloonkit.duel.found import Duel
from balloonkit.units import counted

__all__ = ["Verdict", "agreements_table", "as_dict", "differences_table", "judge", "not_asked"]


class Verdict:
    """A duel measured by what was expected of its QEMU.

    Attributes
    ----------
    version : str
        Whose list of expectations was taken.
    expected : dict of str to Expected
    surprises : list of Surprise
        Empty if all went as expected.
    """

    def __init__(self, duel: Duel) -> None:
        self.duel = duel
        self.version, self.expected = expected_differences(duel.qemu_version)
        self.surprises: list[Surprise] = surprises(duel, self.expected.values())

    @property
    def summary(self) -> str:
        """Say it in one line."""
        duel = self.duel
        kinds = sum(1 for _, differs in duel.seen if differs)
        text = (
            f"QEMU {duel.qemu_version}: {duel.cases:,} exchanges ({duel.messages:,} messages) of "
            f"{len(duel.families())} families in {duel.seconds:.1f} s, "
            f"{duel.per_second:.0f} exchanges a second; "
            f"{counted(kinds, 'kind')} of difference, {len(self.surprises)} not expected"
        )
        if duel.qemu_version.split(".")[:2] != self.version.split("."):
            text += f" (by the list for {self.version}: there is none for this version)"
        return text


def judge(duel: Duel) -> Verdict:
    """Measure a duel by the list that holds for its QEMU.

    Examples
    --------
    >>> from balloonkit.duel.run import run_duel
    >>> judge(run_duel(200, seed=1)).surprises  # doctest: +SKIP
    ()
    """
    return Verdict(duel)


def agreements_table(duel: Duel) -> Table:
    """Show the families in which both did the same, by topic."""
    table = Table(title="Both do the same", show_edge=False)
    for head in ("topic", "family", "exchanges", "VIRTIO 1.2"):
        table.add_column(head, justify="right" if head == "exchanges" else "left")
    for topic in TOPICS:
        for family in topic.members:
            seen = duel.seen.get((family.name, ""))
            if seen is not None:
                table.add_row(topic.topic, family.name, f"{seen.count:,}", family.section)
    return table


def differences_table(verdict: Verdict) -> Table:
    """Show each kind of difference with its smallest example."""
    table = Table(
        title="They differ", show_edge=False, show_lines=True, show_header=False, expand=True
    )
    table.add_column(ratio=1)
    table.add_column(ratio=2)
    for (name, differs), seen in verdict.duel.seen.items():
        if not differs:
            continue
        known = verdict.expected.get(name)
        expected = known is not None and known.difference == differs
        family = FAMILIES[name]
        table.add_row(
            f"[bold]{name}[/bold]\n{differs}\n"
            f"{counted(seen.count, 'exchange')}, {'expected' if expected else 'NOT EXPECTED'}",
            f"{shortened(seen.case.said)}\n"
            f"the kit: {seen.kit.in_words()}\nQEMU: {seen.qemu.in_words()}\n"
            f"VIRTIO 1.2, {family.section}: {family.rule}"
            + (f"\n{known.why}" if known is not None and expected else ""),
        )
    return table


def not_asked(skipped: dict[str, str]) -> list[str]:
    """Name the families that were not asked, one line a reason.

    Examples
    --------
    >>> not_asked({"a": "no memory", "b": "no memory", "c": "no card"})
    ['not asked: a, b (no memory)', 'not asked: c (no card)']
    """
    reasons: dict[str, list[str]] = {}
    for family, reason in skipped.items():
        reasons.setdefault(reason, []).append(family)
    return [f"not asked: {', '.join(names)} ({reason})" for reason, names in reasons.items()]


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """Return all of it as plain data."""
    duel = verdict.duel
    return {
        "qemu": duel.qemu_version,
        "expectations_of": verdict.version,
        "seed": duel.seed,
        "exchanges": duel.cases,
        "messages": duel.messages,
        "seconds": round(duel.seconds, 3),
        "exchanges_a_second": round(duel.per_second, 1),
        "kinds": [
            {
                "family": name,
                "difference": differs,
                "exchanges": seen.count,
                "section": FAMILIES[name].section,
                "rule": FAMILIES[name].rule,
                "expected": differs == _known(verdict.expected, name),
                "example": seen.case.said,
                "kit": seen.kit.as_dict(),
                "qemu": seen.qemu.as_dict(),
            }
            for (name, differs), seen in duel.seen.items()
        ],
        "unexpected": [str(surprise) for surprise in verdict.surprises],
        "not_asked": duel.skipped,
    }


def _known(expected: dict[str, Expected], family: str) -> str:
    return expected[family].difference if family in expected else ""
