"""What the allocator and the per-CPU lists tell, against what they do."""

from functools import cache

import numpy as np
from free_memory import ORDERS, Recorder, lists_of
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.events import (
    Drained,
    Freed,
    HandedOut,
    Merged,
    Refilled,
    Split,
    Stocked,
    Took,
    pieces,
)
from balloonkit.guest import Guest, Zone

# The per-CPU batch is 1 up to 16 MiB, and larger from 72 MiB on.
SIZES = ("1MiB", "16MiB", "72MiB", "256MiB", "1GiB")
# Stocks so small that they overflow all the time, and a lot at a time.
OVERFLOWING = (
    Zone("DMA32", 0, 1024, min_pages=20, low_pages=30, reserve_pages=3, batch=7),
    Zone("Normal", 1024, 2500, min_pages=40, low_pages=50, batch=31),
)


@cache
def made(size, fragmentation, seed):
    if size == "overflowing":
        free = np.random.default_rng(seed).random(2500) >= fragmentation / 2
        return Guest(size, 2500 << 12, free, OVERFLOWING)
    return Guest.aged(size, fragmentation, seed)


GUESTS = st.builds(
    made, st.sampled_from(["overflowing", *SIZES]), st.sampled_from([0, 0.02, 0.3]), st.just(1)
)
GRAINS = st.sampled_from([1, 3, 64])
WHAT = ["take", "take", "newest", "oldest", "at random", "take blocks", "free blocks"]
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(1, 300), st.integers(0, 99)), max_size=6
)


def run(guest, operations, grain):
    """Do one operation after the other, each on so many times `grain` pages; yield the pages."""
    held, blocks = [], []
    for what, n, seed in operations:
        pfns, n = [], n * grain
        if what == "take":
            pfns = guest.take(n).tolist()
            held += pfns
        elif what == "take blocks":
            blocks += [(order, taken.tolist()) for order, taken in guest.take_blocks(n)]
            pfns = blocks[-1:]
        elif what == "free blocks":
            if blocks:
                order, pfns = blocks.pop(seed % len(blocks))
                guest.buddy.give_back(pfns, order)
        else:
            if what == "at random":
                np.random.default_rng(seed).shuffle(held)
            pfns = held[::-1][:n] if what == "newest" else held[:n]
            held = held[:-n] if what == "newest" else held[n:]
            guest.give_back(pfns)
        yield pfns


def state_of(guest):
    stocks = [guest.percpu.stock(zone).tolist() for zone in range(len(guest.buddy.zones))]
    return lists_of(guest.buddy), stocks, guest.buddy.free_mask.tobytes()


class PlainLists:
    """Free lists and stocks as Python lists, moved by nothing but what is told.

    After every event they are compared with the guest's own.
    """

    def __init__(self, guest, grain):
        self.guest, self.items = guest, grain
        self.free, self.stocks, _ = state_of(guest)
        self.loose = set()  # pages that left one place and are not yet in another
        self.handed_out = []

    def grain(self, items):
        return self.items

    def tell(self, event):
        match event:
            case Split(zone, order, pfns, uppers, listed):
                if listed:
                    self.leave_head(zone, order, pfns)
                assert len(pfns) == 1 or listed
                for at_order, pfn in uppers:
                    self.join(zone, at_order, 0, pfn)
            case Took(zone, order, pfns, listed):
                if listed:
                    self.leave_head(zone, order, pfns)
                assert self.loose >= pages_of(order, pfns)
            case Merged(zone, order, pfns):
                for pfn in pfns.tolist():
                    self.free[zone][order].remove(pfn)
                self.loose |= pages_of(order, pfns)
            case Freed(zone, order, heads, tails):
                for pfn in heads.tolist():
                    self.join(zone, order, 0, pfn)
                for pfn in tails.tolist():
                    self.join(zone, order, len(self.free[zone][order]), pfn)
            case Refilled(zone, pfns):
                self.loose -= pages_of(0, pfns)
                self.stocks[zone] += pfns.tolist()
            case HandedOut(zone, pfns):
                gone, self.stocks[zone] = cut(self.stocks[zone], len(pfns))
                assert gone == pfns.tolist()
                self.handed_out += gone
            case Stocked(zone, pfns):
                self.stocks[zone] = pfns.tolist()[::-1] + self.stocks[zone]
            case Drained(zone, pfns):
                kept, gone = cut(self.stocks[zone], len(self.stocks[zone]) - len(pfns))
                assert gone[::-1] == pfns.tolist()
                self.stocks[zone] = kept
                self.loose |= pages_of(0, pfns)
            case _:
                raise AssertionError(f"an allocator told {event}")
        self.compare()

    def leave_head(self, zone, order, pfns):
        gone, self.free[zone][order] = cut(self.free[zone][order], len(pfns))
        assert gone == pfns.tolist()
        self.loose |= pages_of(order, pfns)

    def join(self, zone, order, place, pfn):
        pages = pages_of(order, [pfn])
        assert self.loose >= pages
        self.loose -= pages
        self.free[zone][order].insert(place, pfn)

    def compare(self):
        for zone, lists in enumerate(self.free):
            assert self.guest.percpu.stock(zone).tolist() == self.stocks[zone]
            for order in ORDERS:
                assert self.guest.buddy.free_list(zone, order).tolist() == lists[order]


def cut(items, at):
    return items[:at], items[at:]


def pages_of(order, pfns):
    return {page for pfn in map(int, pfns) for page in range(pfn, pfn + (1 << order))}


@given(st.integers(0, 200), st.integers(1, 200))
def test_pieces_are_of_the_listeners_grain_and_leave_nothing_out(items, grain):
    cut_up = [range(items)[piece] for piece in pieces(items, Recorder(grain))]
    assert [item for piece in cut_up for item in piece] == list(range(items))
    assert all(len(piece) == grain for piece in cut_up[:-1])
    assert all(0 < len(piece) <= grain for piece in cut_up)
    assert len(list(pieces(items, None))) == (items > 0)


@settings(max_examples=40)
@given(GUESTS, GRAINS, OPERATIONS)
def test_a_listener_of_any_grain_changes_nothing(guest, grain, operations):
    heard, unheard = guest.copy(), guest.copy()
    heard.listen(Recorder(grain))
    for told, silent in zip(
        run(heard, operations, grain), run(unheard, operations, grain), strict=True
    ):
        assert told == silent
        assert state_of(heard) == state_of(unheard)


@settings(max_examples=40)
@given(GUESTS, GRAINS, OPERATIONS)
def test_what_is_told_moves_plain_lists_as_the_guests_own_at_every_event(guest, grain, operations):
    guest = guest.copy()
    plain = PlainLists(guest, grain)
    guest.listen(plain)
    for (what, *_), pfns in zip(operations, run(guest, operations, grain), strict=True):
        assert plain.handed_out == (pfns if what == "take" else [])
        plain.handed_out.clear()
