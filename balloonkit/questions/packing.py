"""From pages to bits to chunks: what the bitmap looks like, which chunks, and how many."""

from collections.abc import Iterable, Sequence

import numpy as np

from balloonkit.questions.forms import BITS, CHUNKS, COUNT, Answer
from balloonkit.questions.question import Mistake, Question, distinct
from balloonkit.wire import PageBitmaps, encode_chunks, pack_chunks
from balloonkit.wire.page_chunk import CHUNK_BYTES
from balloonkit.wire.pfn_array import PFN_BYTES

__all__ = ["about_bits", "about_chunks", "bitmap", "chunks", "count"]

_BITS = 16  # of a bitmap that are asked for
_SMALL_BITMAP = 64


def bitmap(seed: int, rng: np.random.Generator) -> Question:
    """Ask for the first 16 bits of the bitmap of a fill."""
    base = int(rng.integers(6, 60)) * _BITS + int(rng.integers(1, _BITS))
    inside = rng.choice(np.arange(1, _BITS), int(rng.integers(4, 8)), replace=False)
    return about_bits(rng.permutation(np.append(inside, 0) + base).tolist(), seed)


def about_bits(shown: Sequence[int], seed: int = 0) -> Question:
    """Ask for the first 16 bits of the bitmap of these pages, given in the driver's order."""
    pages = np.array(shown)
    base = min(shown)
    laid = next(PageBitmaps(bits=_SMALL_BITMAP).rounds(pages))
    solution = tuple(
        np.unpackbits(laid.bitmaps[0].view(np.uint8), bitorder="little")[:_BITS].tolist()
    )
    mistakes = distinct(
        solution,
        Mistake(
            "from-a-round-number",
            _bits_from(base // _BITS * _BITS, pages.tolist()),
            "Your bitmap starts at a round number. It is laid from the smallest page of the fill, "
            "so that its first bit is always a one.",
        ),
        Mistake(
            "highest-page-left",
            solution[::-1],
            "You write the highest page on the left, as in a binary number. Bit 0, the smallest "
            "page, is asked for on the left here.",
        ),
        Mistake(
            "ones-are-free",
            tuple(1 - bit for bit in solution),
            "Your ones are the pages that are not in the balloon. A one says: this page is in it.",
        ),
        Mistake(
            "highest-page-forgotten",
            _bits_from(base, sorted(pages.tolist())[:-1]),
            "You leave out the highest page. Both ends belong to the fill: from 100 to 101 there "
            "are two pages, though 101 - 100 is 1. The posted patch made this mistake too.",
        ),
    )

    def where(given: Answer) -> str:
        if len(given) != _BITS:
            return f"You give {len(given)} bits, {_BITS} are asked for."
        bit = next(i for i in range(_BITS) if given[i] != solution[i])
        said = "in" if given[bit] else "not in"
        truth = "is not" if given[bit] else "is"
        return f"Bit {bit}, page {base + bit}: you say it is {said} the balloon, and it {truth}."

    return Question(
        kind="bitmap",
        seed=seed,
        title="What the bitmap looks like",
        text="The driver took the pages below, in this order, and marks each in a bitmap. What "
        f"are the first {_BITS} bits of it?",
        facts=(("pages of this fill", ", ".join(map(str, shown))),),
        form=BITS,
        solution=solution,
        mistakes=mistakes,
        where=where,
        rule="Bit 0 stands for the smallest page, bit 1 for the page after it; 1 means in the "
        "balloon.",
        cost=f"{len(pages)} bits to set. The bitmap stays in the guest: not a byte is sent.",
        reason=f"The smallest page is {base}, so bit i stands for page {base} + i. The order in "
        "which pages were taken is forgotten, and neighbours end up side by side.",
    )


def chunks(seed: int, rng: np.random.Generator) -> Question:
    """Ask for the chunks of a few pages."""
    runs = _runs(rng, first=100, count=int(rng.integers(3, 5)), longest=5)
    order = rng.permutation(len(runs)).tolist()
    shown = [p for i in order for p in range(sum(runs[i]) - 1, runs[i][0] - 1, -1)]
    return about_chunks(shown, seed)


def about_chunks(shown: Sequence[int], seed: int = 0) -> Question:
    """Ask for the chunks of these pages, given in the driver's order."""
    pages = np.array(shown)
    solution = tuple(map(tuple, pack_chunks(pages).tolist()))
    mistakes = distinct(
        solution,
        Mistake(
            "end-for-size",
            tuple((base, base + size - 1) for base, size in solution),
            "Your second number is the last page. It must be how many pages there are.",
        ),
        Mistake(
            "size-one-short",
            tuple((base, size - 1) for base, size in solution),
            "Your sizes are last minus first. Both ends count: that is one more.",
        ),
        Mistake(
            "gaps-swallowed",
            ((int(pages.min()), int(pages.max() - pages.min()) + 1),),
            "One chunk from the first page to the last covers the gaps as well, and the host "
            "would throw away pages the guest is using.",
        ),
        Mistake(
            "one-chunk-a-page",
            tuple((page, 1) for page in sorted(shown)),
            "Each page alone is correct and no better than the classic way: neighbours share one "
            "chunk.",
        ),
        Mistake(
            "order-of-arrival",
            tuple(sorted(solution, key=lambda chunk: shown.index(sum(chunk) - 1))),
            "The chunks are right, their order is not: a bitmap is searched from its first bit, "
            "so chunks ascend, in whatever order pages came.",
        ),
    )

    def where(given: Answer) -> str:
        told = {page for base, size in given for page in range(base, base + min(size, 4096))}
        here = set(pages.tolist())
        if wrong := sorted(told ^ here):
            page = wrong[0]
            if page in here:
                return f"Page {page} is in the balloon and in none of your chunks."
            return f"Page {page} is in one of your chunks and not in the balloon."
        place = next(i for i, pair in enumerate(given) if pair not in solution[i : i + 1])
        return f"Chunk {place + 1}, at page {given[place][0]}, is not right."

    return Question(
        kind="chunks",
        seed=seed,
        title="Which chunks",
        text="The driver took these pages, in this order. Which chunks does it send?",
        facts=(("pages of this fill", ", ".join(map(str, shown))),),
        form=CHUNKS,
        solution=solution,
        mistakes=mistakes,
        where=where,
        rule="Sort the pages in your mind; a chunk begins where the page before is missing, and "
        "counts the pages up to the next gap.",
        cost=f"{len(encode_chunks(solution))} bytes of message for {len(pages)} pages; as single "
        f"page numbers {len(pages) * PFN_BYTES} bytes.",
        reason=f"{len(solution)} runs of pages that touch, so {len(solution)} chunks of "
        f"{CHUNK_BYTES} bytes behind a count of 8. Very short runs cost more bytes than page "
        "numbers would; what they save is work in the host.",
    )


def count(seed: int, rng: np.random.Generator) -> Question:
    """Ask how many chunks the proposal makes of runs that cross the edges of its bitmaps."""
    runs = _runs(rng, first=int(rng.integers(90, 130)), count=int(rng.integers(2, 5)), longest=60)
    base = runs[0][0]
    # A run over an edge: without one the question would be about nothing.
    runs.append((base + 3 * _SMALL_BITMAP - int(rng.integers(2, 20)), int(rng.integers(24, 90))))
    runs = [(b, s) for b, s in runs[:-1] if b + s < runs[-1][0]] + runs[-1:]
    pages = np.concatenate([np.arange(b, b + s) for b, s in runs])
    cut = PageBitmaps(bits=_SMALL_BITMAP).chunks(pages).astype(int).tolist()
    solution = (len(cut),)
    edge = next(b for b, _ in cut if b > base and (b - 1) in pages)
    bitmaps = -(-int(pages.max() - base + 1) // _SMALL_BITMAP)
    begins = [base + index * _SMALL_BITMAP for index in range(bitmaps)]
    mistakes = distinct(
        solution,
        Mistake(
            "edges-forgotten",
            (len(runs),),
            "You count the runs. That is what balloonkit's own driver sends, which joins a run at "
            "an edge; the proposal searches each bitmap by itself and cuts it there.",
        ),
        Mistake(
            "edges-at-round-numbers",
            (_cuts(runs, 0),),
            f"Your edges are at multiples of {_SMALL_BITMAP}. Bitmaps are laid from the smallest "
            f"page, {base}, so the first edge is at {base + _SMALL_BITMAP}.",
        ),
        Mistake(
            "pages-counted",
            (len(pages),),
            "That is the number of pages. However long a run is, it makes one chunk.",
        ),
        Mistake(
            "bitmaps-counted",
            (bitmaps,),
            "That is the number of bitmaps. A bitmap holds any number of runs.",
        ),
    )
    return Question(
        kind="count",
        seed=seed,
        title="How many chunks",
        text=f"Bitmaps of {_SMALL_BITMAP} bits are laid from the smallest page on, one behind the "
        "other, and each is searched by itself, as the proposal of 2017 does. How many chunks?",
        facts=(("runs of pages", ", ".join(f"{b} to {b + s - 1}" for b, s in runs)),),
        form=COUNT,
        solution=solution,
        mistakes=mistakes,
        where=lambda given: f"You count {given[0]}; look at page {edge}, where a bitmap begins.",
        rule="Write down the first page of each bitmap, cut every run there, and count the pieces.",
        cost=f"{len(cut)} chunks, {CHUNK_BYTES * len(cut)} bytes; joined at the edges "
        f"{len(runs)} chunks, {CHUNK_BYTES * len(runs)} bytes.",
        reason=f"Bitmaps begin at {', '.join(map(str, begins))}. "
        f"The chunks are {CHUNKS.write(tuple(map(tuple, cut)))}. A real bitmap has 262,144 bits: "
        "there a cut is rare.",
    )


def _runs(rng: np.random.Generator, first: int, count: int, longest: int) -> list[tuple[int, int]]:
    runs, at = [], first
    for _ in range(count):
        size = int(rng.integers(1, longest + 1))
        runs.append((at, size))
        at += size + int(rng.integers(1, 5))
    return runs


def _bits_from(base: int, pages: Iterable[int]) -> Answer:
    here = set(pages)
    return tuple(int(base + bit in here) for bit in range(_BITS))


def _cuts(runs: list[tuple[int, int]], base: int) -> int:
    """Count the pieces when edges lie at `base` and every 64 pages from there."""
    return sum(
        (b + s - 1 - base) // _SMALL_BITMAP - (b - base) // _SMALL_BITMAP + 1 for b, s in runs
    )
