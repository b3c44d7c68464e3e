"""Checks: what learners commonly write gets the advice meant for it."""

import numpy as np
import pytest

from balloonkit.exercises import bitmap, break_even, fragmentation
from balloonkit.exercises.better_message import MAX_BYTES
from balloonkit.exercises.better_message import check as check_message
from balloonkit.exercises.block_allocation import check as check_blocks
from balloonkit.exercises.pack_chunks import check as check_pack
from balloonkit.guest import Guest
from balloonkit.race import run_race
from balloonkit.wire import decode_chunks, pack_chunks
from balloonkit.wire.page_chunk import chunk_messages

BY_HAND = [
    fragmentation.BLOCKS,
    fragmentation.UNUSABLE,
    fragmentation.MERGE,
    bitmap.BITS,
    bitmap.CHUNKS,
    bitmap.MESSAGE,
    break_even.BYTES,
    break_even.WORST,
    break_even.FAIR,
]


@pytest.mark.parametrize("question", BY_HAND, ids=lambda question: question.title)
def test_by_hand_the_answer_is_right_and_each_mistake_gets_its_advice(question):
    assert question.check(question.reveal().answer) is None
    assert len(question.mistakes) >= 2
    for mistake in question.mistakes:
        assert question.check(mistake.answer).why == mistake.why
        assert question.check(question.form.write(mistake.answer)).mistake == mistake.name


def test_the_first_bad_byte_of_a_message_is_named():
    right = bytes(bitmap.MESSAGE.solution)
    wrong = right[:9] + b"\xff" + right[10:]
    assert bitmap.MESSAGE.check(wrong.hex()).where == "Byte 9 is 0xff, and should not be."
    short = bitmap.MESSAGE.check(right[:-1])
    assert short.where == "Your message has 23 bytes; a count and one chunk take 24."


def test_the_worst_guests_saving_is_what_a_race_shows():
    race = run_race(Guest.aged("256MiB", fragmentation=1), "64MiB")
    assert break_even.WORST.check(100 * race.improvement("chunks")) is None


def test_a_number_near_the_break_even_counts_and_another_does_not():
    assert break_even.FAIR.check("1.3") is None
    assert break_even.FAIR.check(1.36) is None
    assert break_even.FAIR.check(1.5).mistake == ""


# Exercise 3


def runs(pages):
    chunks = []
    for page in pages:
        if chunks and page == sum(chunks[-1]):
            chunks[-1][1] += 1
        else:
            chunks.append([page, 1])
    return chunks


def forgets_the_last_run(pfns):
    chunks, base, size = [], None, 0
    for page in sorted(set(pfns.tolist())):
        if base is not None and page == base + size:
            size += 1
            continue
        if base is not None:
            chunks.append((base, size))
        base, size = page, 1
    return chunks


PACKERS = {
    "end-for-size": lambda pfns: [(b, b + s - 1) for b, s in runs(sorted(set(pfns.tolist())))],
    "size-one-short": lambda pfns: [(b, s - 1) for b, s in runs(sorted(set(pfns.tolist())))],
    "last-run-lost": forgets_the_last_run,
    "not-sorted": lambda pfns: runs(pfns.tolist()),
    "duplicates": lambda pfns: runs(sorted(pfns.tolist())),
    "gaps-swallowed": lambda pfns: [(int(pfns.min()), int(np.ptp(pfns)) + 1)] if len(pfns) else [],
    "one-chunk-a-page": lambda pfns: [(page, 1) for page in sorted(set(pfns.tolist()))],
    "raises": lambda pfns: [(pfns[0], 1)] if len(pfns) < 2 else pack_chunks(pfns),
    "nothing-returned": lambda pfns: None,
    "no-pairs": lambda pfns: [1, 2, 3],
}


@pytest.mark.parametrize(("mistake", "function"), PACKERS.items(), ids=list(PACKERS))
def test_a_pack_chunks_with_a_common_fault_gets_the_advice_for_it(mistake, function):
    assert check_pack(function).mistake == mistake


def test_a_pack_chunks_that_fails_only_on_real_guests_is_shown_the_guest_and_the_page():
    def short_runs_only(pfns):
        chunks = pack_chunks(pfns).astype(int)
        chunks[:, 1] = np.minimum(chunks[:, 1], 4095)
        return chunks

    advice = check_pack(short_runs_only)
    assert advice.where.startswith("For idle-8g (1,835,008 pages of a real guest), chunk ")


# Exercise 5


def by_order(orders, enough=lambda pages, order: pages >> order):
    def take(buddy, pages):
        blocks = []
        for order in orders:
            for pfn in buddy.take(enough(pages, order), order).tolist():
                blocks.append((pfn, order))
                pages -= 1 << order
        return blocks

    return take


def until_one_order_is_empty(buddy, pages):
    blocks = []
    order = 10
    while pages:
        while order and 1 << order > pages:
            order -= 1
        got = buddy.take(1, order).tolist()
        if not got:
            break
        blocks.append((got[0], order))
        pages -= 1 << order
    return blocks


ALLOCATORS = {
    "page-by-page": by_order([0]),
    "too-many-calls": by_order([3, 2, 1, 0]),
    "too-many": by_order(range(10, -1, -1), lambda pages, order: max(-(-pages // (1 << order)), 0)),
    "gave-up": until_one_order_is_empty,
    "not-taken": lambda buddy, pages: [(0, 6)],
    "raises": lambda buddy, pages: [(buddy.alloc(10), 10) for _ in range(pages)],
    "nothing-returned": lambda buddy, pages: None,
    "no-blocks": lambda buddy, pages: ["block"],
}


@pytest.mark.parametrize(("mistake", "function"), ALLOCATORS.items(), ids=list(ALLOCATORS))
def test_a_block_allocation_with_a_common_fault_gets_the_advice_for_it(mistake, function):
    assert check_blocks(function).mistake == mistake


# Exercise 6


def encode(chunks):
    return list(chunk_messages(chunks))


def fixed(base_bytes, size_bytes, per_message=1000):
    """Make a format of fixed width that cuts off what does not fit."""
    width = base_bytes + size_bytes

    def pack(chunks):
        def field(value, size):
            return (value % (1 << 8 * size)).to_bytes(size, "little")

        entries = [field(b, base_bytes) + field(s, size_bytes) for b, s in chunks.tolist()]
        return [b"".join(entries[i : i + per_message]) for i in range(0, len(entries), per_message)]

    def unpack(message):
        if len(message) % width:
            raise ValueError("cut short")
        parts = [message[i : i + width] for i in range(0, len(message), width)]
        return [
            (int.from_bytes(p[:base_bytes], "little"), int.from_bytes(p[base_bytes:], "little"))
            for p in parts
        ]

    return pack, unpack


def leaning(chunks):
    """Send bases as distances from the message before."""
    messages, last = [], 0
    for start in range(0, len(chunks), 1000):
        part = chunks[start : start + 1000].copy()
        part[:, 0] -= np.uint64(last)
        last = int(chunks[start, 0])
        messages.append(part.tobytes())
    return messages


class Leaning:
    """A decoder that remembers."""

    def __init__(self):
        self.last = 0

    def __call__(self, message):
        if len(message) % 16:
            raise ValueError("cut short")
        part = np.frombuffer(message, np.uint64).reshape(-1, 2).copy()
        part[:, 0] += np.uint64(self.last)
        self.last = int(part[0, 0])
        return part if len(part) < 1000 or self.last < 2000 else self.forget(part)

    def forget(self, part):
        self.last = 0
        return part


FORMATS = {
    "message-too-long": (
        lambda chunks: [chunks.tobytes()],
        lambda message: np.frombuffer(message, np.uint64),
    ),
    "no-bytes": (lambda chunks: [[1, 2]], decode_chunks),
    "pages-lost": (lambda chunks: encode(chunks[:1]), decode_chunks),
    "pages-added": (
        encode,
        lambda message: [(b, s + 1) for b, s in decode_chunks(message).tolist()],
    ),
    "size-overflow": fixed(8, 2),
    "base-overflow": fixed(4, 4),
    "needs-the-message-before": (leaning, Leaning()),
    "trusts-the-guest": (
        encode,
        lambda message: decode_chunks(message) if len(message) % 16 == 8 else [],
    ),
    "raises": (encode, lambda message: 1 // 0),
    "nothing-returned": (lambda chunks: None, decode_chunks),
}


@pytest.mark.parametrize(("mistake", "pair"), FORMATS.items(), ids=list(FORMATS))
def test_a_message_with_a_common_fault_gets_the_advice_for_it(mistake, pair):
    assert check_message(*pair).mistake == mistake


def test_the_proposals_own_message_passes():
    assert check_message(encode, decode_chunks) is None
    assert max(map(len, encode(pack_chunks(np.arange(0, 10_000, 2))))) <= MAX_BYTES
