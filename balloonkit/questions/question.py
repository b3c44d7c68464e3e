"""A question: predict, check, reason.

A question shows a small problem, checks an answer and advises on the first page that is wrong, and
in the end reveals answer, cost and reason. What is right is never written here: the allocator, the
packer, the host and the clock of balloonkit answer, and the mistakes people make are computed too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from balloonkit.questions.forms import Answer, Form

__all__ = ["Advice", "Grid", "Mistake", "Question", "Reveal", "distinct"]

_WIDTH = 88  # of a question as plain text, in characters


@dataclass(frozen=True)
class Advice:
    """What to say to a wrong answer.

    Attributes
    ----------
    where : str
        The first page, bit or place that is wrong.
    why : str
        Which idea leads there, and what holds instead.
    mistake : str
        Name of the common mistake it answers; empty for any other wrong answer.

    Examples
    --------
    >>> print(Advice("Page 3 is in use.", "Look at the free pages only."))
    Page 3 is in use. Look at the free pages only.
    """

    where: str
    why: str
    mistake: str = ""

    def __str__(self) -> str:
        return f"{self.where} {self.why}".strip()


@dataclass(frozen=True)
class Mistake:
    """An answer that a particular wrong idea leads to, and what to say about the idea."""

    name: str
    answer: Answer
    why: str


@dataclass(frozen=True)
class Grid:
    """Pages to look at: one letter each, U in use, F free, B in the balloon."""

    first_pfn: int
    letters: str
    columns: int = 16

    def __str__(self) -> str:
        rows = range(0, len(self.letters), self.columns)
        return "\n".join(
            f"{self.first_pfn + row:6}  {' '.join(self.letters[row : row + self.columns])}"
            for row in rows
        )


@dataclass(frozen=True)
class Reveal:
    """The end of a question: the answer, what it costs, and why it is so."""

    answer: str
    cost: str
    reason: str

    def __str__(self) -> str:
        return f"Answer: {self.answer}\nCost: {self.cost}\nReason: {self.reason}"


@dataclass(frozen=True)
class Question:
    """One problem; `balloonkit.questions.ask` makes them.

    Attributes
    ----------
    kind, seed
        Who asks for the same pair gets the same problem.
    title, text : str
        What is asked.
    facts : tuple of (name, value)
        What one needs to know, in words.
    form : Form
        How to write an answer.
    solution : tuple
        What the model does.
    mistakes : tuple of Mistake
        Common wrong answers to this very problem, all different from the solution.
    where : callable (answer) -> str
        Names the first wrong page of an answer.
    rule : str
        What to say to a wrong answer that is none of the common ones.
    cost, reason : str
    grid : Grid, optional

    Examples
    --------
    >>> from balloonkit.questions import ask
    >>> question = ask("chunks", seed=3)
    >>> question.check(question.reveal().answer) is None
    True
    """

    kind: str
    seed: int
    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    form: Form
    solution: Answer
    mistakes: tuple[Mistake, ...]
    where: Callable[[Answer], str]
    rule: str
    cost: str
    reason: str
    grid: Grid | None = None

    def check(self, answer: Any) -> Advice | None:
        """Return nothing if the answer is right, else advice on its first wrong page.

        Parameters
        ----------
        answer : str or plain value
            As `form.example` shows, or numbers, lists and arrays of them.
        """
        if answer is ... or (isinstance(answer, str) and not answer.strip()):
            return Advice("Nothing is written yet.", f"Write {self.form.how}.", "unreadable")
        try:
            given = self.form.read(answer)
        except (ValueError, TypeError):
            shown = answer if isinstance(answer, str) else repr(answer)
            return Advice(f"{shown!r} cannot be read.", f"Write {self.form.how}.", "unreadable")
        if given == self.solution:
            return None
        for mistake in self.mistakes:
            if given == mistake.answer:
                return Advice(self.where(given), mistake.why, mistake.name)
        return Advice(self.where(given), self.rule)

    def reveal(self) -> Reveal:
        """Return answer, cost and reason."""
        return Reveal(self.form.write(self.solution), self.cost, self.reason)

    def __str__(self) -> str:
        text = fill(f"{self.title}. {self.text}", _WIDTH)
        facts = [fill(f"{name}: {value}", _WIDTH) for name, value in self.facts]
        grid = [str(self.grid)] if self.grid else []
        return "\n".join([text, *grid, *facts, f"Answer with {self.form.how}."])


def distinct(solution: Answer, *mistakes: Mistake) -> tuple[Mistake, ...]:
    """Drop mistakes that happen to be right, or to be the same answer as an earlier one."""
    seen = {solution}
    kept = []
    for mistake in mistakes:
        if mistake.answer not in seen:
            seen.add(mistake.answer)
            kept.append(mistake)
    return tuple(kept)
