"""A hand-out on paper: one inflate worked step by step, problems to solve, and their answers.

    python -m balloonkit.publish.handout handout.pdf [SEED]

The steps are those of `balloonkit.trace`, the problems those of `balloonkit.questions`: nothing
is typed in by hand. Four pages of A4, readable in black and white.
"""

import sys
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S
from balloonkit.guest import Guest
from balloonkit.guest.zones import x86_zones
from balloonkit.publish.paper import Paper
from balloonkit.questions import Grid, ask
from balloonkit.trace import COUNTERS, Trace, trace_inflate

__all__ = ["make_handout", "worked_trace"]

_LETTERS = "FFUFFFFUFFFFFFFFUUFFFFUUFFFFUUFU"
_TAKEN_PAGES = 9
_KINDS = ("next-page", "bitmap", "chunks", "count", "payer")

_STAGES = {
    "allocate": "the guest's driver takes free pages from its own allocator",
    "send": "it tells the host which, and waits for the answer",
    "translate": "the host finds its own address for them",
    "release": "it gives the memory behind them back (madvise)",
}
_WORDS = {
    "page": "4 KiB of memory. Its number is the PFN: page frame number.",
    "block, order": "2^k free pages from a multiple of 2^k on; k is the order.",
    "free list": "the free blocks of one order; its head leaves first.",
    "bitmap": "one bit for each page of a range, 1 if the page is in the balloon.",
    "chunk": "a run of pages that touch: first page and how many.",
    "message, kick, ack": "what the driver sends, the signal that it did, the answer.",
}
_TAKE_HOME = (
    "A balloon moves no memory. It moves the knowledge of which pages are not needed.",
    "Telling page by page is slow because of how often it is done, not of bytes.",
    "A chunk is a first page and a count. It pays when free pages touch; ageing takes that away.",
    "Chunks cut sending, look-ups and releases. Taking the pages stays as it was.",
)

#: Which of the counters the worked example shows.
_COUNTED = ("messages", "bytes", "translations", "releases")


def worked_trace() -> Trace:
    """Return the inflate the hand-out works through: nine pages of a guest of 32.

    Examples
    --------
    >>> worked_trace().steps[-1].counters
    (9, 9, 1, 56, 3, 3, 3, 0, 9)
    """
    free = np.array([letter == "F" for letter in _LETTERS])
    guest = Guest("a guest of 32 pages", len(free) * 4096, free, x86_zones(len(free)))
    return trace_inflate(guest, _TAKEN_PAGES)


def make_handout(path: str | Path, seed: int = 7) -> None:
    """Write the hand-out as PDF; another seed sets other problems."""
    with PdfPages(path, metadata={"CreationDate": None, "Title": "Memory ballooning"}) as pdf:
        for page in (_story(), _trace(), _problems(seed), _answers(seed)):
            pdf.savefig(page.figure)


def _story() -> Paper:
    page = Paper("Memory ballooning: from pages to chunks")
    page.text(
        "A host runs more guests than its memory holds. Now and then it asks one of them for some "
        "of it back. A driver inside that guest, the balloon, takes free pages, so that nobody "
        "else in the guest can use them, and tells the host which: the balloon inflates. The host "
        "gives the memory behind those pages to somebody else.",
        gap=1,
    )
    page.text("Four stages", 13, "bold")
    classic = CLASSIC_2017_S.as_dict()
    for number, (stage, words) in enumerate(_STAGES.items(), 1):
        ms, share = f"{classic[stage] * 1000:,.0f} ms", f"{classic[stage] / classic['total']:.1%}"
        page.row([(0, f"{number} {stage}"), (0.14, words), (0.68, ms), (0.78, share)])
    total, chunks = classic["total"] * 1000, CHUNKS_TOTAL_2017_S * 1000
    everything = "page by page: 7 GB of an idle guest of 8 GB"
    page.row([(0.14, everything), (0.68, f"{total:,.0f} ms")], weight="bold")
    page.row([(0.14, "the same in chunks"), (0.68, f"about {chunks:.0f} ms")], weight="bold")
    page.gap(0.6)
    page.text(
        "Figures as published in May 2017 with the proposal VIRTIO_BALLOON_F_PAGE_CHUNKS, version "
        "10, by Wei Wang and Liang Li. It was never merged.",
        size=9,
        gap=1.5,
    )
    page.text("Words", 13, "bold")
    for word, meaning in _WORDS.items():
        page.row([(0, word), (0.2, meaning)])
    page.gap(1.2)
    page.text("The guest on the next page", 13, "bold")
    page.text("32 pages: F is free, U in use. Each row begins with its first page number.")
    page.map(Grid(0, _LETTERS))
    page.text(
        f"Its balloon is to take {_TAKEN_PAGES} pages. Before you turn over: which, in which "
        "order, and how many chunks do they make? Write it down.",
        weight="bold",
    )
    return page


def _trace() -> Paper:
    trace = worked_trace()
    page = Paper(f"One inflate, worked: {_TAKEN_PAGES} pages of 32")
    page.map(Grid(0, _LETTERS))
    places = (0.68, 0.715, 0.762, 0.83)
    head = [(0.0, "step"), (0.04, "what"), (0.105, "pages"), (0.175, "why")]
    names = ("sent", "bytes", "look-ups", "freed")
    page.row([*head, *zip(places, names, strict=True)], 7.5, "bold")
    for number, step in enumerate(trace.steps, 1):
        pages = f"{step.base}" if step.pages == 1 else f"{step.base}-{step.base + step.pages - 1}"
        first, *more = wrap(step.why, 76)
        cells = [(0.0, f"{number}"), (0.04, step.kind), (0.105, pages), (0.175, first)]
        totals = dict(zip(COUNTERS, step.counters, strict=True))
        shown = (f"{totals[name]}" for name in _COUNTED)
        page.row([*cells, *zip(places, shown, strict=True)], 7.5)
        for line in more:
            page.row([(0.175, line)], 7.5)
    page.gap(0.6)
    page.map(Grid(0, _letters_after(trace)))
    page.text(
        "B is in the balloon. Sent: messages; freed: calls that give memory back. Page by page it "
        f"would be {_TAKEN_PAGES} look-ups and {_TAKEN_PAGES} calls.",
        size=9,
    )
    return page


def _letters_after(trace: Trace) -> str:
    letters = list(_LETTERS)
    for step in trace.steps:
        for first, count, _ in step.changes.get("state", ()):
            letters[first : first + count] = "B" * count
    return "".join(letters)


def _problems(seed: int) -> Paper:
    page = Paper("Your turn")
    for number, kind in enumerate(_KINDS, 1):
        question = ask(kind, seed)
        page.text(f"{number}. {question.title}", 12, "bold", gap=0.2)
        page.text(question.text, 10, gap=0.3)
        if question.grid:
            page.map(question.grid)
        for name, value in question.facts:
            page.text(f"{name}: {value}", 9.5, gap=0.1, indent=0.03)
        page.text("Answer:", 10, gap=1.4)
    return page


def _answers(seed: int) -> Paper:
    page = Paper("Answers")
    page.text("A right answer for a wrong reason counts as wrong: compare the reasons.", 10)
    for number, kind in enumerate(_KINDS, 1):
        question = ask(kind, seed)
        reveal = question.reveal()
        page.text(f"{number}. {question.title}: {reveal.answer}", 11, "bold", gap=0.2)
        page.text(f"Why: {reveal.reason}", 9.5, gap=0.2)
        page.text(f"Cost: {reveal.cost}", 9.5, gap=0.3)
        for mistake in question.mistakes[:2]:
            wrong = question.form.write(mistake.answer)
            page.text(f"If you have {wrong}: {mistake.why}", 8.5, gap=0.15, indent=0.03)
        page.gap(0.4)
    page.text("To take home", 12, "bold", gap=0.2)
    for point in _TAKE_HOME:
        page.text(f"•  {point}", 10, gap=0.1)
    return page


if __name__ == "__main__":
    make_handout(sys.argv[1], *map(int, sys.argv[2:3]))
