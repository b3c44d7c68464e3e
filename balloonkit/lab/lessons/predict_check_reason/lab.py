"""Predict, check, reason in a notebook: a question, a field for the answer, advice, the answer.

>>> lab = QuestionsLab()
>>> view = lab.ask(seed=3)  # "Another one" goes on to seed 4
"""

import html
from pathlib import Path
from typing import Any, ClassVar

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.palette import PAGE_LOOKS
from balloonkit.lab.view.widget import KitWidget
from balloonkit.questions import KINDS, Advice, Question, Reveal, ask

__all__ = ["AskView", "QuestionsLab"]

_LOOKS = [look.spec() for look in PAGE_LOOKS[1:]]


class AskView(KitWidget):
    """One question, answered in the browser or from Python.

    Parameters
    ----------
    lab : QuestionsLab
        Poses the problem and those after it, and keeps the answers of all its views.
    kind : str or None
        One of `balloonkit.questions.KINDS`, or None for those of the lab in turn.
    seed : int

    Attributes
    ----------
    question : Question
        The one on show.

    Examples
    --------
    >>> view = QuestionsLab().ask("chunks", seed=2)
    >>> view.check("100 4").mistake == ""
    True
    >>> view.check(view.reveal().answer) is None
    True
    """

    _esm = bundle("ask")
    _css = styles("view", "ask")

    problem = traitlets.Dict().tag(sync=True)
    looks: traitlets.List[Any] = traitlets.List(_LOOKS).tag(sync=True)
    #: What the last check said: verdict ("", "right", "wrong"), where and why.
    said = traitlets.Dict().tag(sync=True)
    #: Answer, cost and reason, once asked for.
    revealed = traitlets.Dict().tag(sync=True)
    answers = traitlets.Unicode().tag(sync=True)

    def __init__(self, lab: "QuestionsLab", kind: str | None, seed: int) -> None:
        super().__init__(answers=lab.answers())
        self._lab = lab
        self._kind = kind
        self._show(seed)

    def check(self, answer: Any) -> Advice | None:
        """Check an answer and show the verdict: nothing if it is right, else advice."""
        advice = self.question.check(answer)
        self._lab.note(self.question, str(answer), advice)
        if advice is None:
            self.said = {"verdict": "right", "where": "", "why": ""}
        else:
            self.said = {"verdict": "wrong", "where": advice.where, "why": advice.why}
        return advice

    def reveal(self) -> Reveal:
        """Show answer, cost and reason, and return them."""
        reveal = self.question.reveal()
        if not self.revealed:
            self._lab.note(self.question, None, None)
        self.revealed = {"Answer": reveal.answer, "Cost": reveal.cost, "Reason": reveal.reason}
        return reveal

    def another(self) -> None:
        """Go on to the next seed: of the same kind, if one was asked for."""
        self._show(self.question.seed + 1)

    def _show(self, seed: int) -> None:
        self.question = self._lab.question(self._kind, seed)
        with self.hold_sync():
            self.problem = _problem(self.question)
            self.said = {"verdict": "", "where": "", "why": ""}
            self.revealed = {}

    def answer(self, what: str, **details: Any) -> None:
        """Do what a button says."""
        with self.hold_sync():
            match what:
                case "check":
                    self.check(details["answer"])
                case "reveal":
                    self.reveal()
                case "another":
                    self.another()
            self.mark_answered()

    def static(self) -> dict[str, Any]:
        """Return the problem, with its answer on demand."""
        reveal = html.escape(str(self.question.reveal())).replace("\n", "<br>")
        return {
            "text/plain": str(self.question),
            "text/html": f"<pre>{html.escape(str(self.question))}</pre>"
            f"<details><summary>Answer, cost and reason</summary><p>{reveal}</p></details>",
        }


class QuestionsLab:
    """Ask without end, and keep what was answered: by itself, or as the base of a lab.

    Attributes
    ----------
    kinds : tuple of str
        What a lab asks about, of `balloonkit.questions.KINDS`; here everything.

    Examples
    --------
    >>> lab = QuestionsLab()
    >>> advice = lab.ask("count", seed=1).check(1)
    >>> print(lab.answers())
    My answers, balloonkit
    count, seed 1: 1 (not yet)
    """

    kinds: ClassVar[tuple[str, ...]] = tuple(KINDS)

    def __init__(self) -> None:
        self._views: list[AskView] = []
        self._lines: list[str] = []

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
        self._views.append(AskView(self, kind, seed))
        return self._views[-1]

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
        for view in self._views:
            view.answers = self.answers()


def _problem(question: Question) -> dict[str, Any]:
    grid = question.grid
    return {
        "title": f"{question.title} (seed {question.seed})",
        "text": question.text,
        "facts": [list(fact) for fact in question.facts],
        "label": question.form.label,
        "how": f"Write {question.form.how}.",
        "grid": grid
        and {"first": grid.first_pfn, "letters": grid.letters, "columns": grid.columns},
    }
