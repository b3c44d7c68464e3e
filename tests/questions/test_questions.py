"""Questions: the model's own answer passes, and each common mistake gets its own advice."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import BuddyAllocator
from balloonkit.questions import KINDS, ask

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
@given(seed=seeds)
@settings(max_examples=25)
def test_the_answer_a_question_reveals_is_right_as_text_and_as_a_plain_value(kind, seed):
    question = ask(kind, seed)
    assert question.check(question.reveal().answer) is None
    assert question.check(question.solution) is None
    assert question.check(list(question.solution)) is None


@kinds
@given(seed=seeds)
@settings(max_examples=25)
def test_each_common_mistake_gets_the_advice_meant_for_it(kind, seed):
    question = ask(kind, seed)
    assert question.mistakes
    for mistake in question.mistakes:
        advice = question.check(mistake.answer)
        assert advice.mistake == mistake.name
        assert advice.why == mistake.why
        assert advice.where


@kinds
@given(seed=seeds)
@settings(max_examples=25)
def test_a_mistake_made_as_text_gets_the_same_advice_as_the_plain_value(kind, seed):
    question = ask(kind, seed)
    for mistake in question.mistakes:
        assert question.check(question.form.write(mistake.answer)) == question.check(mistake.answer)


#: Every mistake that has advice, so that none is written for an answer no problem leads to.
MISTAKES = {
    "next-page": {"lowest-address", "largest-first", "upper-half-first", "tail-of-list"},
    "bitmap": {
        "from-a-round-number",
        "highest-page-left",
        "ones-are-free",
        "highest-page-forgotten",
    },
    "chunks": {
        "end-for-size",
        "size-one-short",
        "gaps-swallowed",
        "one-chunk-a-page",
        "order-of-arrival",
    },
    "count": {
        "edges-forgotten",
        "edges-at-round-numbers",
        "pages-counted",
        "bitmaps-counted",
    },
    "messages": {
        "rounded-down",
        "chunks-like-page-numbers",
        "pages-for-chunks",
        "one-message-a-chunk",
        "changed-places",
    },
    "release": {
        "part-pages",
        "outside-clipped",
        "all-refused",
        "stop-at-the-bad-one",
        "one-page-too-many",
        "size-taken-as-end",
    },
    "payer": {"allocate", "send", "translate", "release"},
}


@kinds
def test_every_mistake_is_met_within_forty_problems_and_no_answer_is_always_the_same(kind):
    questions = [ask(kind, seed) for seed in range(40)]
    assert {m.name for q in questions for m in q.mistakes} == MISTAKES[kind]
    assert max(Counter(q.solution for q in questions).values()) < 30


def test_seeds_in_turn_go_through_all_kinds():
    assert [ask(seed=seed).kind for seed in range(8)] == [*KINDS, "next-page"]


@kinds
def test_the_same_seed_poses_the_same_problem_and_another_a_different_one(kind):
    assert str(ask(kind, 5)) == str(ask(kind, 5))
    assert str(ask(kind, 5)) != str(ask(kind, 6))


@kinds
def test_the_text_of_a_question_does_not_give_the_answer_away(kind):
    for seed in range(10):
        question = ask(kind, seed)
        if kind not in ("payer", "count", "messages"):  # their answers are single small words
            assert question.reveal().answer not in str(question)


@given(seed=seeds)
def test_the_next_pages_are_those_an_allocator_with_this_map_hands_out_one_by_one(seed):
    question = ask("next-page", seed)
    free = np.array([letter == "F" for letter in question.grid.letters])
    buddy = BuddyAllocator.from_free_mask(free)
    assert question.solution == tuple(buddy.alloc() for _ in question.solution)


@given(seed=seeds)
def test_the_bits_asked_for_begin_with_the_smallest_page(seed):
    question = ask("bitmap", seed)
    pages = {int(page) for page in question.facts[0][1].split(", ")}
    bits = question.solution
    assert {min(pages) + i for i, bit in enumerate(bits) if bit} == pages


@given(seed=seeds)
def test_the_chunks_asked_for_hold_the_shown_pages_once_each(seed):
    question = ask("chunks", seed)
    shown = sorted(int(page) for page in question.facts[0][1].split(", "))
    assert [p for base, size in question.solution for p in range(base, base + size)] == shown


@given(seed=seeds)
def test_the_number_of_chunks_is_what_counting_page_by_page_gives(seed):
    question = ask("count", seed)
    runs = [tuple(map(int, run.split(" to "))) for run in question.facts[0][1].split(", ")]
    pages = [page for first, last in runs for page in range(first, last + 1)]
    begins = [p for p in pages if p - 1 not in pages or (p - pages[0]) % 64 == 0]
    assert question.solution == (len(begins),)


def test_an_answer_that_is_no_common_mistake_is_told_its_first_wrong_place():
    question = ask("next-page", 0)
    first, second, *_ = question.solution
    taken = next(p for p, letter in enumerate(question.grid.letters) if letter == "U")

    assert question.check((first, taken)).where == f"Place 2: page {taken} is in use."
    assert question.check((first, first)).where == f"Place 2: page {first} was handed out already."
    assert question.check((first, 64)).where == "Place 2: there is no page 64 here."
    assert question.check((first, second)).where == "Place 3: no page is given."
    longer = (*question.solution, 5)
    assert question.check(longer).where == f"Place {len(longer)}: page 5 is one too many."
    assert question.check((first, taken)).mistake == ""


def test_a_chunk_too_many_or_too_few_names_its_page():
    question = ask("chunks", 2)
    *others, (base, size) = question.solution

    fewer = question.check(tuple(others))
    assert fewer.where == f"Page {base} is in the balloon and in none of your chunks."
    more = question.check((*question.solution, (base + 50, 1)))
    assert more.where == f"Page {base + 50} is in one of your chunks and not in the balloon."
    halves = (*others, (base, 1), (base + 1, size - 1))
    assert question.check(halves).where == f"Chunk {len(others) + 1}, at page {base}, is not right."
    again = (*question.solution, (base, size))
    assert question.check(again).where.startswith(f"Chunk {len(again)}, at page {base},")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("next-page", "twelve"),
        ("next-page", [1.5]),
        ("bitmap", "1102"),
        ("bitmap", ""),
        ("chunks", "(100, 4) (120"),
        ("count", "1, 2"),
        ("count", None),
        ("messages", "3"),
        ("release", " "),
        ("release", "64-"),
        ("release", "0-99999999999"),
        ("payer", "the host"),
        ("payer", "5"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_how_to_write_one(kind, answer):
    advice = ask(kind).check(answer)
    assert advice.mistake == "unreadable"
    assert advice.why == f"Write {ask(kind).form.how}."


def test_answers_may_be_written_in_several_ways():
    chunks = ask("chunks", 2)
    pairs = chunks.solution
    assert chunks.check(np.array(pairs)) is None
    assert chunks.check(" ".join(f"{base:#x}+{size}" for base, size in pairs)) is None
    bits = ask("bitmap", 1)
    assert bits.check("".join(map(str, bits.solution))) is None
    release = ask("release", 5)
    assert release.check(", ".join(map(str, release.solution[::-1]))) is None
    payer = ask("payer", 6)
    stages = ("allocate", "send", "translate", "release")
    assert payer.check(stages.index(payer.solution[0]) + 1) is None


@pytest.mark.parametrize(("kind", "seed"), [("chunk", 0), ("chunks", -1)])
def test_an_unknown_kind_or_a_negative_seed_is_refused_with_its_value(kind, seed):
    with pytest.raises(ValueError, match=r"chunk'|seed -1"):
        ask(kind, seed)
