"""The review lesson's cases: what posted and correct code do with the same pages, as cells.

A cell is a page, or a run of pages in the same state; for two faults that show nowhere on the wire
it is a bitmap or a place in the buffer. Everything is the outcome of `balloonkit.history.replay`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from balloonkit.history import AS_POSTED, B1_REPAIRED, Fault, FaultOutcome, replay
from balloonkit.history.steps import AddChunks, FailSends, FaultStep, Inflate, Migrate, SendToToday
from balloonkit.units import BALLOON_PAGE_BYTES
from balloonkit.wire.page_bitmap import BITMAP_BITS
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = ["CELL_STATES", "Cell", "DriverView", "FaultCase", "all_cases"]

#: What can become of a cell, in the order a verdict tells it.
CELL_STATES = ("told", "lost", "wrong", "again", "guest", "good")
_FEW = 6  # pages of a run that get a cell each


class Cell(NamedTuple):
    """A box: what it stands for, its state (`CELL_STATES`), whether it follows the one before."""

    label: str
    state: str
    touches: bool = True


@dataclass(frozen=True)
class DriverView:
    """What one driver did.

    Attributes
    ----------
    name : str
        Which driver.
    told : str
        What the host was told.
    cells : tuple of Cell
    verdict : str
        What that means, in a sentence.
    """

    name: str
    told: str
    cells: tuple[Cell, ...]
    verdict: str


@dataclass(frozen=True)
class FaultCase:
    """A fault, its smallest input, and what three drivers make of it."""

    name: str
    title: str
    steps: str
    alone: DriverView
    posted: DriverView
    correct: DriverView
    hint: str
    fix: str


def all_cases() -> tuple[FaultCase, ...]:
    """Replay every fault.

    Examples
    --------
    >>> case = all_cases()[2]
    >>> case.name, case.alone.told, case.correct.told
    ('B3', 'inflate (100, 1)', 'inflate (100, 2)')
    >>> case.alone.verdict
    'Page 101 is given up and never told: of no use to the guest, and the host keeps paying for it.'
    """
    return tuple(_case(fault) for fault in Fault)


def _case(fault: Fault) -> FaultCase:
    story = fault.story
    posted = AS_POSTED if fault is Fault.B1 else B1_REPAIRED
    return FaultCase(
        name=fault.name,
        title=story.title,
        steps=_sentence("; then ".join(_in_words(s) for s in story.steps) + _limits(fault)),
        alone=_side("this fault alone", fault, {fault}),
        posted=_side(
            "as posted" if fault is Fault.B1 else "as posted, with B1 repaired", fault, posted
        ),
        correct=_side("the correct driver", fault, ()),
        hint=story.hint,
        fix=story.fix,
    )


def _side(name: str, fault: Fault, faults: Iterable[Fault]) -> DriverView:
    outcome = replay(fault.story, faults)
    if fault is Fault.B10:
        cells, verdict = _bitmaps(fault, outcome)
    elif fault is Fault.B11:
        cells, verdict = _entries(outcome)
    else:
        cells, verdict = _pages(fault, outcome)
    return DriverView(name, _told(outcome), cells, verdict)


def _told(outcome: FaultOutcome) -> str:
    if outcome.read_pfns:
        return "pages " + ", ".join(
            f"{pfn:#x}" if pfn > 9 else f"{pfn}" for pfn in outcome.read_pfns
        )
    messages = []
    for queue, chunks in outcome.messages:
        shown = " ".join(map(str, chunks[:5])) + (" ..." if len(chunks) > 5 else "")
        messages.append(f"{queue} {shown}")
    return "; then ".join(messages) or "nothing"


def _pages(fault: Fault, outcome: FaultOutcome) -> tuple[tuple[Cell, ...], str]:
    given, kept = _given_and_kept(fault)
    told = Counter(outcome.read_pfns) if outcome.read_pfns else _told_pages(outcome)
    states = dict.fromkeys(kept, "guest")
    states |= {page: "told" if page in told else "lost" for page in given}
    states |= {page: "wrong" for page in told if page not in given}
    if fault is not Fault.B17:
        states |= {page: "again" for page, times in told.items() if times > 1}
    return tuple(_cells(states)), _verdict(states, outcome)


def _given_and_kept(fault: Fault) -> tuple[set[int], set[int]]:
    """Return the 4 KiB pages the example gives up, and the guest's own that it is about."""
    scale = fault.story.page_bytes // BALLOON_PAGE_BYTES
    given: set[int] = set()
    kept: set[int] = set()
    for step in fault.story.steps:
        match step:
            case Inflate(pfns):
                given |= {pfn * scale + part for pfn in pfns for part in range(scale)}
            case Migrate(old_pfn, new_pfn):
                given.add(new_pfn)
                kept.add(old_pfn)
            case SendToToday(base_pfn, pages):
                given |= set(range(base_pfn, base_pfn + pages))
    # Single pages between given ones show that a gap is a gap.
    kept |= {page + 1 for page in given if page + 2 in given} - given
    return given, kept


def _told_pages(outcome: FaultOutcome) -> Counter[int]:
    return Counter(
        page for base, size in outcome.told("inflate") for page in range(base, base + size)
    )


def _cells(states: dict[int, str]) -> Iterable[Cell]:
    runs: list[list[int]] = []
    for page in sorted(states):
        if runs and page == runs[-1][-1] + 1 and states[page] == states[runs[-1][0]]:
            runs[-1].append(page)
        else:
            runs.append([page])
    for run in runs:
        touches = run[0] - 1 in states or run is runs[0]
        if len(run) > _FEW:
            yield Cell(f"{run[0]:,} to {run[-1]:,}", states[run[0]], touches)
        else:
            for page in run:
                yield Cell(f"{page:,}", states[page], touches or page > run[0])


def _verdict(states: dict[int, str], outcome: FaultOutcome) -> str:
    by_state = {
        wanted: [page for page, state in sorted(states.items()) if state == wanted]
        for wanted in CELL_STATES
    }
    said = []
    if outcome.crash:
        said.append(f"The guest's kernel stops: {outcome.crash}.")
    elif lost := by_state["lost"]:
        said.append(
            f"{_named(lost)} given up and never told: of no use to the guest, and the host keeps "
            "paying for it."
        )
    if wrong := by_state["wrong"]:
        said.append(f"{_named(wrong)} the guest's own, and the host discards what is in it.")
    if again := by_state["again"]:
        said.append(f"{_named(again)} told a second time: work for nothing.")
    return " ".join(said) or "Every page is told once, and no other."


def _named(pages: list[int]) -> str:
    if len(pages) == 1:
        return f"Page {pages[0]:,} is"
    if len(pages) <= _FEW:
        return f"Pages {', '.join(f'{page:,}' for page in pages)} are"
    return f"{len(pages)} pages, from {pages[0]:,} on, are"


def _bitmaps(fault: Fault, outcome: FaultOutcome) -> tuple[tuple[Cell, ...], str]:
    pfns = [p for step in fault.story.steps if isinstance(step, Inflate) for p in step.pfns]
    held = (max(pfns) - min(pfns)) // BITMAP_BITS + 1
    leaked = outcome.leaked_bitmaps
    cells = [Cell(f"bitmap {n}", "lost" if n >= held - leaked else "good") for n in range(held)]
    if not leaked:
        return tuple(cells), "All bitmaps taken for this fill are freed; the first is always held."
    kib = leaked * BITMAP_BITS // 8 >> 10
    return tuple(cells), (
        f"{leaked} bitmap of {kib} KiB is never freed, with every fill as wide as this. Of 5, 10 "
        "and 32 bitmaps it would be 2, 4 and 15."
    )


def _entries(outcome: FaultOutcome) -> tuple[tuple[Cell, ...], str]:
    first = Cell(f"entries 0 to {MAX_CHUNKS - 1:,}", "good")
    if not outcome.overrun:
        return (first,), "The full buffer is sent again before anything else is written into it."
    past = [Cell(f"entry {index:,}", "wrong") for index in outcome.overrun]
    return (first, *past), (
        f"{len(past)} chunks are written behind the buffer, into memory that belongs to somebody "
        "else."
    )


def _in_words(step: FaultStep) -> str:
    match step:
        case Inflate(pfns):
            return f"balloon page{'s' if len(pfns) > 1 else ''} {', '.join(map(_page, pfns))}"
        case Migrate(old_pfn, new_pfn):
            return f"move the balloon's page {old_pfn} to {new_pfn}"
        case AddChunks(count):
            return f"find {count:,} chunks"
        case FailSends():
            return "let the queue refuse a message"
        case SendToToday(base_pfn, pages):
            return f"send the chunk ({base_pfn:#x}, {pages}) to a host of today"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _page(pfn: int) -> str:
    return f"{pfn:,}"


def _limits(fault: Fault) -> str:
    story = fault.story
    if story.max_bitmaps == 1:
        return ", with memory for one bitmap only."
    if story.page_bytes > BALLOON_PAGE_BYTES:
        kib = story.page_bytes >> 10
        return f", in a guest with pages of {kib} KiB. The boxes below are pages of 4 KiB."
    return "."
