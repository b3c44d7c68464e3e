"""How many messages, and who pays: the counts of a whole inflate, and their price."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from balloonkit.costs import COSTS_2017, Costs, Counts
from balloonkit.guest import Guest
from balloonkit.guest.blocks import Pfns
from balloonkit.machine import Machine
from balloonkit.paths import PATHS
from balloonkit.questions.forms import STAGE, TWO_COUNTS, Answer
from balloonkit.questions.question import Mistake, Question, distinct
from balloonkit.units import counted
from balloonkit.wire import pack_chunks
from balloonkit.wire.page_chunk import MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["messages", "payer"]

_SIZE = "64MiB"  # inflated while one waits

_WHO = {
    "allocate": "the guest",
    "send": "both sides, as the guest stands still until the host has answered",
    "translate": "the host",
    "release": "the host",
}
_PATHS_IN_WORDS = {
    "classic": "one page number for each page",
    "chunks": "chunks, allocated page by page",
    "chunks_block_alloc": "chunks, allocated by whole blocks",
}


class _Prices(NamedTuple):
    """A set of unit costs, and in words what is different about it."""

    words: str
    costs: Costs


_PRICES = (
    _Prices("as in 2017", COSTS_2017),
    _Prices(
        "a message costs a hundredth of what it did in 2017",
        replace(COSTS_2017, message_s=COSTS_2017.message_s / 100),
    ),
    _Prices(
        "the host has huge pages: a page inside a release costs a hundredth",
        replace(COSTS_2017, release_page_s=COSTS_2017.release_page_s / 100),
    ),
)


def messages(seed: int, rng: np.random.Generator) -> Question:
    """Ask how many messages an inflate takes, page number by page number and in chunks."""
    guest = Guest.aged(_SIZE, float(rng.uniform(0.4, 1)), seed)
    pages = int(rng.integers(2100, 12_000))
    classic, held = _inflate(guest, "classic", pages)
    chunked, _ = _inflate(guest, "chunks", pages)
    chunks = pack_chunks(held)
    solution = (classic.messages, chunked.messages)
    mistakes = distinct(
        solution,
        Mistake(
            "rounded-down",
            (classic.pages // MAX_PFNS, chunked.entries // MAX_CHUNKS),
            "You round down. What is left over needs a message too, however little it is.",
        ),
        Mistake(
            "chunks-like-page-numbers",
            (classic.messages, -(-chunked.entries // MAX_PFNS)),
            f"You put {MAX_PFNS} chunks into a message. That is the classic limit; here it is "
            f"{MAX_CHUNKS:,}.",
        ),
        Mistake(
            "pages-for-chunks",
            (classic.messages, -(-classic.pages // MAX_CHUNKS)),
            "For the second number you divide pages. Chunks fill a chunk message, and each stands "
            "for a run of pages.",
        ),
        Mistake(
            "one-message-a-chunk",
            (classic.messages, chunked.entries),
            "You send each chunk by itself. Chunks share a buffer, as page numbers do.",
        ),
        Mistake(
            "changed-places",
            solution[::-1],
            "Your numbers have changed places: classic first, then chunks.",
        ),
    )

    def where(given: Answer) -> str:
        told = given[0] * MAX_PFNS
        if given[0] < classic.messages:
            return f"Classic: after {given[0]} messages page {held[told]} is not told yet."
        if given[0] > classic.messages:
            return f"Classic: page {held[-1]}, the last, goes with an earlier message."
        if given[1] < chunked.messages:
            base = chunks[given[1] * MAX_CHUNKS, 0]
            return f"Chunks: after {given[1]} messages page {base} is not told yet."
        return f"Chunks: page {held.max()}, the last, goes with an earlier message."

    return Question(
        kind="messages",
        seed=seed,
        title="How many messages",
        text="A guest gives up some pages. How many messages does the driver send, as page "
        "numbers, and in chunks?",
        facts=(
            ("pages", f"{classic.pages:,}"),
            ("chunks they form", f"{chunked.entries:,}"),
            ("page numbers in a message", f"at most {MAX_PFNS}"),
            ("chunks in a message", f"at most {MAX_CHUNKS:,}"),
        ),
        form=TWO_COUNTS,
        solution=solution,
        mistakes=mistakes,
        where=where,
        rule="Divide what is sent by how many fit into a message, and round up.",
        cost=f"{classic.messages * COSTS_2017.message_s * 1000:.1f} ms against "
        f"{chunked.messages * COSTS_2017.message_s * 1000:.1f} ms if the message pays for all "
        "sending of 2017, as is assumed here: the guest waits for an answer to each message.",
        reason=f"{classic.pages:,} / {MAX_PFNS} and {chunked.entries:,} / {MAX_CHUNKS:,}, both "
        f"rounded up. {classic.pages / chunked.entries:.1f} pages share a chunk on average.",
    )


def payer(seed: int, rng: np.random.Generator) -> Question:
    """Ask which of the four stages takes longest, and so who pays."""
    path = list(_PATHS_IN_WORDS)[int(rng.integers(len(_PATHS_IN_WORDS)))]
    prices = _PRICES[int(rng.integers(len(_PRICES)))]
    fragmentation = float(rng.choice([0, 0.2, 0.5, 1]))
    guest = Guest.aged(_SIZE, fragmentation, seed)
    counts, _ = _inflate(guest, path, int(rng.integers(2000, 7000)))
    costs = prices.costs
    seconds = costs.stages(counts).as_dict()
    del seconds["total"]
    slowest = max(seconds, key=lambda stage: seconds[stage])
    work = {
        "allocate": f"{counts.allocations:,} calls, {_us(costs.allocation_s)} each",
        "send": f"{counted(counts.messages, 'message')}, {_us(costs.message_s)} each",
        "translate": f"{counts.translations:,} look-ups, {_us(costs.translation_s)} each",
        "release": f"{counts.releases:,} calls, {_us(costs.release_call_s)} each, and "
        f"{counts.pages:,} pages, {_us(costs.release_page_s)} each",
    }
    mistakes = tuple(
        Mistake(stage, (stage,), _why_not(stage, path, work[stage])) for stage in seconds
    )
    return Question(
        kind="payer",
        seed=seed,
        title="Who pays for it",
        text=f"A guest gives up {counts.pages:,} pages. Which of the four stages takes longest? "
        "Sending is assumed to be paid by the message.",
        facts=(
            ("how it is told", _PATHS_IN_WORDS[path]),
            ("prices", prices.words),
            *((f"{number} {stage}", work[stage]) for number, stage in enumerate(work, 1)),
        ),
        form=STAGE,
        solution=(slowest,),
        mistakes=distinct((slowest,), *mistakes),
        where=lambda given: f"{given[0].capitalize()} takes {_ms(seconds[given[0]])} here.",
        rule="Multiply how often by how long, stage by stage.",
        cost=", ".join(f"{stage} {_ms(s)}" for stage, s in seconds.items()),
        reason=f"{slowest.capitalize()} takes longest. Who pays: {_WHO[slowest]}."
        + (" Chunks cut the other stages; this one is what is left." if path != "classic" else ""),
    )


def _why_not(stage: str, path: str, work: str) -> str:
    if stage == "send" and path != "classic":
        return f"Sending is what the classic way suffers from. In chunks it is {work}: compare."
    if stage == "allocate" and path == "chunks_block_alloc":
        return f"A call takes a whole block here, so it is {work}: compare."
    if stage == "translate":
        return f"It is {work}. A look-up is an addition or two, cheap however often it is done."
    return f"It is {work}. Multiply, then do the same for the other stages."


def _inflate(guest: Guest, path: str, pages: int) -> tuple[Counts, Pfns]:
    taken = PATHS[path]
    with Machine(guest.copy(), format=taken.format, block_alloc=taken.block_alloc) as machine:
        counts = machine.inflate(pages * 4096).counts
        return counts, machine.driver.held


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
