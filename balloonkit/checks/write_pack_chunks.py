"""Exercise 3, write `pack_chunks`: tried on small cases, then on what real guests gave away."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from balloonkit.captures import SHIPPED, load_capture
from balloonkit.checks.attempt import attempt
from balloonkit.questions import Advice
from balloonkit.wire import pack_chunks

__all__ = ["check_packing"]

Pairs = list[list[int]]


class _Idea(NamedTuple):
    """A wrong idea: what it makes of the right chunks and the pages, and what to say."""

    name: str
    apply: Callable[[Pairs, Sequence[int]], Pairs]
    why: str


def _in_order_of_arrival(pages: Iterable[int]) -> Pairs:
    """Join a page to the chunk before it only if it came right after it."""
    chunks: Pairs = []
    for page in pages:
        if chunks and page == sum(chunks[-1]):
            chunks[-1][1] += 1
        else:
            chunks.append([page, 1])
    return chunks


_IDEAS = (
    _Idea(
        "end-for-size",
        lambda right, pages: [[base, base + size - 1] for base, size in right],
        "Your second number is the last page; it must be the number of pages.",
    ),
    _Idea(
        "end-for-size",
        lambda right, pages: [[base, base + size] for base, size in right],
        "Your second number is a page; it must be the number of pages.",
    ),
    _Idea(
        "size-one-short",
        lambda right, pages: [[base, size - 1] for base, size in right],
        "Your sizes are one too small: from 100 to 102 there are three pages.",
    ),
    _Idea(
        "last-run-lost",
        lambda right, pages: right[:-1],
        "The last run is missing. A run is often written down when the next one begins; after the "
        "last none begins.",
    ),
    _Idea(
        "not-sorted",
        lambda right, pages: _in_order_of_arrival(pages),
        "You take pages as they come. The driver's order is no order of addresses, often even "
        "descending: sort first, or mark bits.",
    ),
    _Idea(
        "duplicates",
        lambda right, pages: _in_order_of_arrival(sorted(pages)),
        "A page that is named twice begins a chunk of its own. It should count once.",
    ),
    _Idea(
        "gaps-swallowed",
        lambda right, pages: [[min(pages), max(pages) - min(pages) + 1]],
        "Your chunk covers a gap. The host would throw away a page the guest is using.",
    ),
    _Idea(
        "one-chunk-a-page",
        lambda right, pages: [[page, 1] for page in sorted(set(pages))],
        "Neighbours share a chunk; you make one for each page.",
    ),
)

#: Up to so many pages a wrong idea is looked for; in a real guest only the first wrong chunk.
_SMALL = 100

#: Small cases, each of which tells one wrong idea from the right one.
_CASES: tuple[list[int], ...] = (
    [7],
    [100, 101, 102],
    [100, 101, 102, 200, 201],
    [0, 1, 2],
    [1, 2, 4],
    [105, 104, 103, 200, 102],
    [5, 6, 5, 6],
    [],
    [2**51, 2**51 + 1],
)


def check_packing(function: Callable[[Any], Any]) -> Advice | None:
    """Try a learner's `pack_chunks` on small cases, then on the pages of real guests.

    Parameters
    ----------
    function : callable (pfns) -> (base, size) pairs

    Examples
    --------
    >>> check_packing(pack_chunks) is None
    True
    """
    for case in _CASES:
        advice = _try(function, np.array(case, np.int64), f"{case}")
        if advice is not None:
            return advice
    for name in SHIPPED:
        pages = load_capture(name).inflate_pfns
        advice = _try(function, pages, f"{name} ({len(pages):,} pages of a real guest)")
        if advice is not None:
            return advice
    return None


def _try(
    function: Callable[[Any], Any], pages: "np.ndarray[Any, Any]", shown: str
) -> Advice | None:
    right = pack_chunks(pages).astype(np.int64).tolist()
    result = attempt(function, shown, pages.copy())
    if isinstance(result, Advice):
        return result
    try:
        given = np.asarray(result, np.int64).reshape(-1, 2).tolist()
    except (ValueError, TypeError, OverflowError):
        why = "Return pairs of first page and number of pages."
        return Advice(f"For {shown} the result is {result!r:.80}.", why, "no-pairs")
    if given == right:
        return None
    small = 0 < len(pages) <= _SMALL
    idea = next((i for i in _IDEAS if small and i.apply(right, pages.tolist()) == given), None)
    where = f"For {shown}, {_first_wrong(given, right)}"
    if idea is None:
        return Advice(where, "Follow your function through this input by hand.")
    return Advice(where, idea.why, idea.name)


def _first_wrong(given: Pairs, right: Pairs) -> str:
    for place, (mine, true) in enumerate(zip(given, right, strict=False)):
        if mine != true:
            return f"chunk {place + 1}, at page {true[0]}, is {tuple(mine)}."
    if len(given) < len(right):
        return f"no chunk holds page {right[len(given)][0]}."
    return f"chunk {len(right) + 1}, {tuple(given[len(right)])}, is one too many."
