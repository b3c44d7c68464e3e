"""Exercise 1, fragmentation by hand: blocks, the unusable index, and a merge on 32 pages."""

import numpy as np

from balloonkit.guest import BuddyAllocator
from balloonkit.guest.fragmentation import unusable_index
from balloonkit.questions.forms import numbers
from balloonkit.questions.question import Grid, Mistake, Question, distinct

__all__ = ["BLOCKS", "MERGE", "UNUSABLE"]

_LETTERS = "FFUFFFFUFFFFFFFFUUFFFFUUFFFFUUFU"
_GRID = Grid(0, _LETTERS)
_FREED_PFN = 2
_ORDERS = 4  # 0 to 3 are asked for


def _buddy() -> BuddyAllocator:
    return BuddyAllocator.from_free_mask(np.array([letter == "F" for letter in _LETTERS]))


def _blocks() -> Question:
    counts = tuple(_buddy().buddyinfo()["DMA"][:_ORDERS])
    runs = [len(run) for run in _LETTERS.replace("U", " ").split()]
    by_run = tuple(sum(n.bit_length() - 1 == order for n in runs) for order in range(_ORDERS))
    mistakes = distinct(
        counts,
        Mistake(
            "runs-for-blocks",
            by_run,
            "You count runs. A block must also be aligned: one of 4 pages begins at a multiple of "
            "4, so pages 3 to 6 are three blocks.",
        ),
        Mistake(
            "pages-for-blocks",
            tuple(count << order for order, count in enumerate(counts)),
            "You count pages. Each number is how many blocks of that size there are.",
        ),
        Mistake(
            "nothing-merged",
            (_LETTERS.count("F"), 0, 0, 0),
            "You leave every page by itself. Free buddies are always merged, at once.",
        ),
    )
    return Question(
        kind="blocks",
        seed=0,
        title="Free blocks",
        text="F is a free page, U one in use. How many free blocks are there of 1, 2, 4 and 8 "
        "pages (orders 0 to 3)?",
        facts=(),
        form=numbers("Blocks at order 0, 1, 2, 3", "four numbers, like 5, 2, 0, 1", _ORDERS),
        solution=counts,
        mistakes=mistakes,
        where=lambda given: _first_order(given, counts),
        rule="Take the largest aligned blocks first: a block of 2^k pages begins at a multiple of "
        "2^k, and is free as a whole.",
        cost="One row of /proc/buddyinfo.",
        reason="Pages 8 to 15 are the one block of 8, 24 to 27 the one of 4; 3, 6 and 30 have no "
        "free buddy.",
        grid=_GRID,
    )


def _first_order(given: tuple[int, ...], counts: tuple[int, ...]) -> str:
    order = next(i for i in range(_ORDERS) if given[i] != counts[i])
    pfns = _buddy().free_list(0, order).tolist()
    first = f"look at page {min(pfns)}" if pfns else "there is none"
    return f"Order {order}: {given[order]} is not it; {first}."


def _unusable() -> Question:
    blocks = _buddy().buddyinfo()["DMA"]
    right = unusable_index(blocks, 2)
    free = _LETTERS.count("F")
    large = sum(count << order for order, count in enumerate(blocks) if order >= 2)
    count_large = sum(blocks[2:])
    mistakes = distinct(
        (right,),
        Mistake(
            "usable-share",
            (1000 - right,),
            "That is the share a request of 4 pages can use. The index is the rest.",
        ),
        Mistake("usable-share", (large * 1000 // free,), "That is the share that can be used."),
        Mistake(
            "blocks-for-pages",
            ((sum(blocks) - count_large) * 1000 // sum(blocks),),
            "You divide blocks by blocks. Weigh them: what counts is pages.",
        ),
        Mistake(
            "larger-blocks-forgotten",
            ((free - (blocks[2] << 2)) * 1000 // free,),
            "Only blocks of exactly 4 pages are of use to you. A larger one can be split.",
        ),
    )
    return Question(
        kind="unusable",
        seed=0,
        title="The unusable index",
        text="Which share of the free memory is of no use to a request for 4 pages in one block? "
        "In thousandths, rounded down.",
        facts=(),
        form=numbers("Unusable index, thousandths", "one number from 0 to 1000, like 250", 1),
        solution=(right,),
        mistakes=mistakes,
        where=lambda given: f"{given[0]} thousandths is not it; page 3 is free and of no use.",
        rule="Free pages in blocks smaller than 4, divided by all free pages.",
        cost="A request of order 2 or more fails when this is 1000, however much is free.",
        reason=f"{free} pages are free, {large} of them in blocks of 4 or more: "
        f"({free} - {large}) / {free}.",
        grid=_GRID,
    )


def _merge() -> Question:
    block = _buddy().free(_FREED_PFN)
    mistakes = distinct(
        tuple(block),
        Mistake(
            "one-merge-only",
            (2, 1),
            "Pages 2 and 3 merge, and that is not the end: the buddy of the pair is free too.",
        ),
        Mistake(
            "neighbour-for-buddy",
            (1, 1),
            "Page 1 is a neighbour of page 2 and not its buddy. The buddy is found by flipping one "
            "bit of the number: 2 and 3, 0 and 1.",
        ),
        Mistake(
            "not-merged",
            (2, 0),
            "Page 2 does not stay alone: its buddy is page 3, and that is free.",
        ),
        Mistake(
            "too-far",
            (0, 3),
            "Page 7 is in use, so pages 4 to 7 are no free block, and pages 0 to 3 stay alone.",
        ),
    )
    return Question(
        kind="merge",
        seed=0,
        title="A page comes back",
        text=f"Page {_FREED_PFN} is freed. In which free block does it end up: first page and "
        "order?",
        facts=(),
        form=numbers("First page, order", "two numbers, like 8, 3 for 8 pages from page 8", 2),
        solution=tuple(block),
        mistakes=mistakes,
        where=lambda given: f"From page {given[0]}, order {given[1]}: not this block.",
        rule="Find the buddy (page XOR 1), merge if it is free; find the pair's buddy (XOR 2), and "
        "so on.",
        cost="Two merges; the lists of orders 0 and 1 each lose a block.",
        reason="2 and 3 make a pair, 0 and 1 are its buddy and free; 4 to 7 are not all free.",
        grid=_GRID,
    )


#: The questions, one after the other about the same 32 pages.
BLOCKS, UNUSABLE, MERGE = _blocks(), _unusable(), _merge()
