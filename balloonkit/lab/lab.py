"""What every lesson's lab is: steps that return views, questions, and the answers to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable
from weakref import WeakSet

from balloonkit.lab.view.ask import AskView
from balloonkit.lab.view.column import Column
from balloonkit.questions import KINDS, Advice, Question, ask

__all__ = ["Lab", "QuestionsLab", "View"]


@runtime_checkable
class View(Protocol):
    """What a step returns: shown live in a notebook, and as text and HTML where no kernel runs."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def caption(self) -> str:
        """What it says at its present inputs, in a sentence."""

    def static(self) -> dict[str, Any]:
        """Return what is shown where no kernel runs, by MIME type."""


class Lab:
    """A lesson: its steps in order, questions without end, and what was answered.

    Attributes
    ----------
    steps : tuple of str
        Methods that return a `View`, in the order of the lesson.
    kinds : tuple of str
        What the lab asks about, of `balloonkit.questions.KINDS`.

    Examples
    --------
    >>> from balloonkit.lab import FragmentationLab
    >>> FragmentationLab.steps
    ('guest', 'runs', 'pageblocks', 'blocks')
    """

    steps: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[str, ...]] = tuple(KINDS)

    def __init__(self) -> None:
        self._asked: WeakSet[AskView] = WeakSet()  # only those that somebody still has
        self._lines: list[str] = []

    def all(self) -> Column:
        """Show every step, in the order of the lesson."""
        views: list[Callable[[], Any]] = [getattr(self, step) for step in self.steps]
        return Column(*(view() for view in views))

    def ask(self, kind: str | None = None, seed: int = 0) -> AskView:
        """Pose a problem and show it.

        Parameters
        ----------
        kind : str, optional
            One of `balloonkit.questions.KINDS`; left out, seeds 0, 1, 2, ... go through `kinds`.
        seed : int
            0 or more; the same seed poses the same problem.

        Raises
        ------
        ValueError
            If there is no such kind, or the seed is negative.
        """
        view = AskView(self, kind, seed)
        self._asked.add(view)
        return view

    def question(self, kind: str | None, seed: int) -> Question:
        """Return the problem `ask` shows."""
        return ask(kind or self.kinds[seed % len(self.kinds)], seed)

    def answers(self) -> str:
        """Return everything answered so far as a short text."""
        return "\n".join(["My answers, balloonkit", *self._lines])

    def save(self, path: str | Path = "my-answers.txt") -> Path:
        """Write `answers` to a file and return its path."""
        Path(path).write_text(self.answers() + "\n")
        return Path(path)

    def note(self, question: Question, answer: str | None, advice: Advice | None) -> None:
        """Keep one answer, or that the answer was looked up, and tell every view."""
        said = "looked up" if answer is None else f"{answer} ({'not yet' if advice else 'right'})"
        self._lines.append(f"{question.kind}, seed {question.seed}: {said}")
        for view in self._asked:
            view.answers = self.answers()


class QuestionsLab(Lab):
    """Ask about everything, outside any lesson.

    Examples
    --------
    >>> lab = QuestionsLab()
    >>> advice = lab.ask("count", seed=1).check(1)
    >>> print(lab.answers())
    My answers, balloonkit
    count, seed 1: 1 (not yet)
    """
