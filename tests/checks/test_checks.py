"""Checks: what learners commonly write gets the advice meant for it."""

import numpy as np
import pytest

from balloonkit.checks import break_even, fragmentation_by_hand, pack_a_bitmap_by_hand
from balloonkit.checks.a_better_message import check_format
from balloonkit.checks.allocate_by_blocks import check_blocks
from balloonkit.checks.write_pack_chunks import check_packing
from balloonkit.guest import Guest
from balloonkit.race import run_race
from balloonkit.wire import (
    PAGE_CHUNKS,
    PFN_ARRAY,
    Format,
    decode_chunks,
    encode_chunks,
    pack_chunks,
)
from balloonkit.wire.format import Message

BY_HAND = [
    fragmentation_by_hand.BLOCKS,
    fragmentation_by_hand.UNUSABLE,
    fragmentation_by_hand.MERGE,
    pack_a_bitmap_by_hand.BITS,
    pack_a_bitmap_by_hand.CHUNKS,
    pack_a_bitmap_by_hand.MESSAGE,
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
    right = bytes(pack_a_bitmap_by_hand.MESSAGE.solution)
    wrong = right[:9] + b"\xff" + right[10:]
    assert (
        pack_a_bitmap_by_hand.MESSAGE.check(wrong.hex()).where
        == "Byte 9 is 0xff, and should not be."
    )
    short = pack_a_bitmap_by_hand.MESSAGE.check(right[:-1])
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
    assert check_packing(function).mistake == mistake


def test_a_pack_chunks_that_fails_only_on_real_guests_is_shown_the_guest_and_the_page():
    def short_runs_only(pfns):
        chunks = pack_chunks(pfns).astype(int)
        chunks[:, 1] = np.minimum(chunks[:, 1], 4095)
        return chunks

    advice = check_packing(short_runs_only)
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


class Chunks(Format):
    """The proposal's message; what derives from it goes wrong in one place."""

    def encode(self, entries):
        return encode_chunks(entries)

    def decode(self, data):
        return decode_chunks(data)


class Fixed(Chunks):
    """Cuts off what does not fit a fixed width."""

    max_entries = 1000

    def __init__(self, base_bytes, size_bytes):
        self.widths = base_bytes, size_bytes

    def encode(self, entries):
        return b"".join(
            (value % (1 << 8 * width)).to_bytes(width, "little")
            for pair in entries.tolist()
            for value, width in zip(pair, self.widths, strict=True)
        )

    def decode(self, data):
        base, width = self.widths[0], sum(self.widths)
        if len(data) % width:
            raise ValueError("cut short")
        parts = [data[at : at + width] for at in range(0, len(data), width)]
        return [
            (int.from_bytes(p[:base], "little"), int.from_bytes(p[base:], "little")) for p in parts
        ]


class Leaning(Chunks):
    """Sends bases as distances from the first of the message before."""

    max_entries = 1000
    written = read_to = 0

    def messages(self, pfns, scale=1, listener=None):
        self.written = self.read_to = 0
        return super().messages(pfns, scale, listener)

    def encode(self, entries):
        moved = entries.copy()
        moved[:, 0] -= np.uint64(self.written)
        self.written = int(entries[0, 0])
        return moved.tobytes()

    def decode(self, data):
        if len(data) % 16:
            raise ValueError("cut short")
        entries = np.frombuffer(data, np.uint64).reshape(-1, 2).copy()
        entries[:, 0] += np.uint64(self.read_to)
        self.read_to = int(entries[0, 0])
        return entries


def wrong(**methods):
    """Make a format that goes wrong in `methods`."""
    return type("Wrong", (Chunks,), methods)()


WRONG_FORMATS = {
    "no-format": Chunks,
    "message-too-long": wrong(encode=lambda self, entries: bytes(40_000)),
    "no-bytes": wrong(encode=lambda self, entries: [1, 2]),
    "pages-lost": wrong(encode=lambda self, entries: encode_chunks(entries[:1])),
    "pages-added": wrong(
        decode=lambda self, data: [(b, s + 1) for b, s in decode_chunks(data).tolist()]
    ),
    "size-overflow": Fixed(8, 2),
    "base-overflow": Fixed(4, 4),
    "needs-the-message-before": Leaning(),
    "trusts-the-guest": wrong(
        decode=lambda self, data: decode_chunks(data) if len(data) % 16 == 8 else []
    ),
    "raises": wrong(decode=lambda self, data: 1 // 0),
    "nothing-returned": wrong(encode=lambda self, entries: None),
}


@pytest.mark.parametrize(("mistake", "own"), WRONG_FORMATS.items(), ids=list(WRONG_FORMATS))
def test_a_message_with_a_common_fault_gets_the_advice_for_it(mistake, own):
    assert check_format(own).mistake == mistake


def test_a_format_that_makes_wrong_entries_of_pages_is_told_the_first_page():
    doubled = wrong(entries=lambda self, pfns: [*pack_chunks(pfns).tolist(), [9, 1]])
    assert check_format(doubled).where == "For one page, page 9 is told and was not given up."
    short = wrong(entries=lambda self, pfns: pack_chunks(pfns)[:1])
    assert check_format(short).where == "For two runs, page 200 is given up and not told."
    own_messages = wrong(
        messages=lambda self, pfns, scale=1, listener=None: [Message(bytes(32_761), None)]
    )
    assert check_format(own_messages).mistake == "message-too-long"


def test_the_kits_own_formats_pass():
    assert check_format(Chunks()) is None
    assert check_format(PAGE_CHUNKS) is None
    assert check_format(PFN_ARRAY).mistake == "raises"  # 32 bits end at 16 TiB
