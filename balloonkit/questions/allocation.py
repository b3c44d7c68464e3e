"""Which page comes next: the buddy allocator's rules, on 64 pages."""

from itertools import islice

import numpy as np

from balloonkit.costs import COSTS_2017
from balloonkit.guest import BuddyAllocator
from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.questions.forms import PAGES, Answer
from balloonkit.questions.question import Grid, Mistake, Question, distinct

__all__ = ["next_page"]

_PAGES = 64
_GROUP = 8  # pages in one aligned piece of the map


def next_page(seed: int, rng: np.random.Generator) -> Question:
    """Ask which pages the allocator hands out next, one request at a time."""
    buddy = BuddyAllocator.from_free_mask(_free_mask(rng))
    free = buddy.free_mask.copy()
    lists = [buddy.free_list(0, order).tolist() for order in range(MAX_ORDER + 1)]
    n = int(rng.integers(4, 8))
    solution, reason = _allocate(buddy, n)
    mistakes = distinct(
        solution,
        Mistake(
            "lowest-address",
            tuple(np.flatnonzero(free)[:n].tolist()),
            "You go by address. The allocator does not: it takes the first block of the lowest "
            "order that has one, wherever that block lies.",
        ),
        Mistake(
            "largest-first",
            _walk(lists[::-1], range(MAX_ORDER, -1, -1), n),
            "You start with the largest block. It is kept as long as any smaller one is left: a "
            "large block, once broken, is hard to get back.",
        ),
        Mistake(
            "upper-half-first",
            _walk(lists, range(MAX_ORDER + 1), n, downwards=True),
            "Where a block is split, you hand out its upper half. The low half is handed out and "
            "the upper half goes back to the lists, so a block is walked upwards.",
        ),
        Mistake(
            "tail-of-list",
            _walk([pfns[::-1] for pfns in lists], range(MAX_ORDER + 1), n),
            "You take from the end of a list. A list is a stack here: its head, written leftmost, "
            "leaves first.",
        ),
    )
    return Question(
        kind="next-page",
        seed=seed,
        title="Which page comes next",
        text=f"The balloon driver asks the guest for a page, {n} times. Which {n} pages does it "
        "get, in order? F is a free page, U one in use; lists are written head first.",
        facts=_lists_in_words(lists),
        form=PAGES,
        solution=solution,
        mistakes=mistakes,
        where=lambda given: _where(given, solution, free),
        rule="Look for the lowest order whose list is not empty, take the head of that list, and "
        "if its block is larger than one page, walk it upwards.",
        cost=f"{n} calls of the allocator, {n * COSTS_2017.allocation_s * 1e6:.2f} µs at the "
        "price of 2017.",
        reason=reason,
        grid=Grid(0, "".join("F" if page else "U" for page in free)),
    )


def _free_mask(rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Free some aligned blocks: one to three single pages, a pair, a four, one or two eights."""
    sizes = [1] * int(rng.integers(1, 4)) + [2, 4] + [8] * int(rng.integers(1, 3))
    free = np.zeros(_PAGES, bool)
    groups = rng.permutation(_PAGES // _GROUP)
    for group, size in zip(groups.tolist(), sizes, strict=False):
        start = group * _GROUP + int(rng.integers(_GROUP // size)) * size
        free[start : start + size] = True
    return free


def _allocate(buddy: BuddyAllocator, n: int) -> tuple[Answer, str]:
    """Take `n` pages one by one, and say from which order each came."""
    from_order: dict[int, list[str]] = {}
    pages: list[int] = []
    while len(pages) < n:
        block = buddy.next_block()
        assert block is not None  # the map has more free pages than are asked for
        here = buddy.take(min(1 << block.order, n - len(pages))).tolist()
        pages += here
        from_order.setdefault(block.order, []).append(", ".join(map(str, here)))
    said = [f"order {order} gives {', then '.join(blocks)}" for order, blocks in from_order.items()]
    why = "The lowest order that has a block serves, from the head of its list; a block is walked "
    return tuple(pages), f"{why}upwards. Here {'; '.join(said)}."


def _walk(lists: list[list[int]], orders: range, n: int, downwards: bool = False) -> Answer:
    pages = (
        page
        for pfns, order in zip(lists, orders, strict=True)
        for pfn in pfns
        for page in range(pfn, pfn + (1 << order))[:: -1 if downwards else 1]
    )
    return tuple(islice(pages, n))


def _lists_in_words(lists: list[list[int]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            f"free at order {order} ({1 << order} page{'s' if order else ''})",
            ", ".join(f"{pfn}" for pfn in pfns),
        )
        for order, pfns in enumerate(lists)
        if pfns
    )


def _where(
    given: Answer, solution: Answer, free: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> str:
    for place, page in enumerate(given[: len(solution)]):
        if page == solution[place]:
            continue
        if not 0 <= page < len(free):
            return f"Place {place + 1}: there is no page {page} here."
        if not free[page]:
            return f"Place {place + 1}: page {page} is in use."
        if page in given[:place]:
            return f"Place {place + 1}: page {page} was handed out already."
        return f"Place {place + 1}: page {page} is free, but it is not its turn."
    if len(given) < len(solution):
        return f"Place {len(given) + 1}: no page is given."
    return f"Place {len(solution) + 1}: page {given[len(solution)]} is one too many."
