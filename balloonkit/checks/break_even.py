"""Exercise 4, find the break-even: when chunks stop paying, in bytes and in time.

The model clock is that of 2017 (`balloonkit.costs`). `FAIR` asks about a rival nobody posted: the
classic page numbers in a buffer as large as the proposal's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from balloonkit.costs import COSTS_2017
from balloonkit.questions.forms import Answer, Form
from balloonkit.questions.question import Mistake, Question, distinct
from balloonkit.wire.page_chunk import CHUNK_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

__all__ = ["BYTES", "FAIR", "WORST"]

#: Page numbers of 4 bytes in the proposal's buffer of 8 pages.
_FAIR_PFNS = 8 * 4096 // PFN_BYTES


def _near(known: Sequence[float], tolerance: float, label: str, how: str) -> Form:
    """Make a form for one number; what lies near a known answer is read as that answer."""

    def read(answer: Any) -> Answer:
        number = float(answer) if isinstance(answer, str) else float(np.ravel(answer)[0])
        return (next((k for k in known if abs(k - number) <= tolerance), number),)

    return Form(label, how, read, lambda answer: f"{answer[0]:.3g}")


def _question(
    title: str,
    text: str,
    right: float,
    tolerance: float,
    how: str,
    mistakes: Sequence[Mistake],
    rule: str,
    reason: str,
) -> Question:
    known = [right, *(mistake.answer[0] for mistake in mistakes)]
    return Question(
        kind="break-even",
        seed=0,
        title=title,
        text=text,
        facts=(),
        form=_near(known, tolerance, title, how),
        solution=(right,),
        mistakes=distinct((right,), *mistakes),
        where=lambda given: f"{given[0]:.3g} is not it.",
        rule=rule,
        cost="Prices of 2017, on the model clock.",
        reason=reason,
    )


def fair_break_even() -> float:
    """Return the pages a chunk must hold to beat page numbers in an equally large buffer.

    Examples
    --------
    >>> round(fair_break_even(), 2)
    1.33
    """
    c = COSTS_2017
    each_pfn_s = c.message_s / _FAIR_PFNS + c.translation_s + c.release_call_s
    each_chunk_s = c.message_s / MAX_CHUNKS + c.translation_s + c.release_call_s
    return each_chunk_s / each_pfn_s


def worst_saving() -> float:
    """Return the percentage of time chunks save where each holds one page only.

    Examples
    --------
    >>> round(worst_saving())
    60
    """
    c = COSTS_2017
    page_s = c.allocation_s + c.translation_s + c.release_call_s + c.release_page_s
    classic_s, chunks_s = (page_s + c.message_s / n for n in (MAX_PFNS, MAX_CHUNKS))
    return 100 * (1 - chunks_s / classic_s)


#: Where chunks stop being shorter than page numbers.
BYTES = _question(
    "Break-even in bytes",
    "How many pages must a chunk hold on average, so that a message of chunks is no longer than "
    "the page numbers it replaces?",
    CHUNK_BYTES / PFN_BYTES,
    0.05,
    "a number of pages, like 2.5",
    [
        Mistake("one-word-a-chunk", (2.0,), "A chunk is two words of 8 bytes, base and size."),
        Mistake("upside-down", (0.25,), "That is chunks per page; pages per chunk are asked for."),
    ],
    "Divide the bytes of a chunk by the bytes of a page number.",
    "16 bytes against 4: below four pages to a chunk, chunks send more bytes.",
)
#: What chunks save of the classic time in the worst guest.
WORST = _question(
    "The worst guest",
    "In a checkerboard guest no two free pages touch: each chunk holds one page. How many percent "
    "of the classic time do chunks still save there?",
    worst_saving(),
    1.5,
    "a percentage, like 42",
    [
        Mistake("idle-guest", (85.7,), "That is what they save in an idle guest, with long runs."),
        Mistake(
            "nothing-saved",
            (0.0,),
            "They do save something. Look at the messages: a chunk message takes 2047 pages even "
            "then, a classic one 256.",
        ),
        Mistake(
            "share-left",
            (100 - worst_saving(),),
            "That is the share of time they still take. Asked for is what they save.",
        ),
    ],
    "Race a guest with fragmentation=1 and read improvement('chunks').",
    "All of it comes from the larger buffer: eight times fewer waits for the host, though four "
    "times the bytes.",
)
#: Where chunks stop being faster than page numbers in the same buffer.
FAIR = _question(
    "Break-even against a fair rival",
    f"Give the classic page numbers the same buffer of 32 KiB, {_FAIR_PFNS:,} to a message. From "
    "how many pages per chunk on do chunks take less time? Count sending, translation and the "
    "release calls.",
    fair_break_even(),
    0.04,
    "a number of pages, like 2.5",
    [
        Mistake(
            "sending-only",
            (_FAIR_PFNS / MAX_CHUNKS,),
            "That is where the number of messages is equal. Chunks also save look-ups and release "
            "calls in the host, so they pay earlier.",
        ),
        Mistake(
            "always-pay",
            (1.0,),
            "With one page to a chunk everything is equal but the messages, and of those chunks "
            "now need four times as many.",
        ),
    ],
    "Write down what one more entry costs on each side, and divide.",
    "A chunk costs 0.192 µs of message, a page number 0.048; both cost one look-up and one call.",
)
