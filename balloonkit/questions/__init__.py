"""Predict, check, reason: problems without end, posed and scored by the model itself."""

from collections.abc import Callable

import numpy as np

from balloonkit.questions.allocation import next_page
from balloonkit.questions.cost import messages, payer
from balloonkit.questions.host import release
from balloonkit.questions.packing import bitmap, chunks, count
from balloonkit.questions.question import Advice, Grid, Mistake, Question, Reveal

__all__ = ["KINDS", "Advice", "Grid", "Mistake", "Question", "Reveal", "ask"]

#: The kinds of questions, in the order of the story: from the allocator to the bill.
KINDS: dict[str, Callable[[int, np.random.Generator], Question]] = {
    "next-page": next_page,
    "bitmap": bitmap,
    "chunks": chunks,
    "count": count,
    "messages": messages,
    "release": release,
    "payer": payer,
}


def ask(kind: str | None = None, seed: int = 0) -> Question:
    """Pose a problem; the same kind and seed pose the same one.

    Parameters
    ----------
    kind : str, optional
        One of `KINDS`; left out, seeds 0, 1, 2, ... go through them in turn.
    seed : int
        0 or more.

    Raises
    ------
    ValueError
        If there is no such kind, or the seed is negative.

    Examples
    --------
    >>> question = ask("next-page", seed=0)
    >>> advice = question.check("0, 1, 2")
    >>> question.check(question.solution) is None
    True
    """
    if seed < 0:
        raise ValueError(f"seed {seed}: give 0 or more")
    names = list(KINDS)
    if kind is None:
        kind = names[seed % len(names)]
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: choose one of {', '.join(names)}")
    return KINDS[kind](seed, np.random.default_rng([names.index(kind), seed]))
