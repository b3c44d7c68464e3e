"""Predict, check, reason in a notebook: a question, a field for the answer, advice, the answer."""

import html
from typing import Any, Protocol

import traitlets

from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view.palette import PAGE_LOOKS
from balloonkit.lab.view.widget import KitWidget
from balloonkit.questions import Advice, Question, Reveal

__all__ = ["AskView", "QuestionSource"]

_LOOKS = [look.spec() for look in PAGE_LOOKS[1:]]


class QuestionSource(Protocol):
    """Poses problems, and keeps what was answered: a lab."""

    def question(self, kind: str | None, seed: int) -> Question:
        """Return a problem."""

    def note(self, question: Question, answer: str | None, advice: Advice | None) -> None:
        """Keep one answer, or that the answer was looked up."""

    def answers(self) -> str:
        """Return everything answered so far."""


class AskView(KitWidget):
    """One question, answered in the browser or from Python.

    Parameters
    ----------
    lab : QuestionSource
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
    >>> from balloonkit.lab import QuestionsLab
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

    def __init__(self, lab: QuestionSource, kind: str | None, seed: int) -> None:
        super().__init__(answers=lab.answers())
        self._lab = lab
        self._kind = kind
        self._show(seed)

    @property
    def title(self) -> str:
        """What is asked about."""
        return self.question.title

    @property
    def caption(self) -> str:
        """What is asked."""
        return self.question.text

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
