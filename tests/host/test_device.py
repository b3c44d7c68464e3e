"""The device as a whole: what reaches the backend, and what the counters say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.counters import Reason
from balloonkit.host.device import BalloonDevice
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import ModelRelease, ReleaseError
from balloonkit.ram_layout import RamRange
from balloonkit.wire import CLASSIC, PROPOSED, Feature, encode_chunks, encode_pfns
from balloonkit.wire.pfn_array import MAX_PFNS
from balloonkit.wire.queue import Queue

PAGE = 4096
#: Pages 0-31 and 48-63 of the guest are 0-31 and 32-47 of the host.
RAM = GuestRam([RamRange(0, 32 * PAGE), RamRange(48 * PAGE, 16 * PAGE)])


class Recorder(ModelRelease):
    """Keeps the ranges it was given, in order; fails at pages it is told to."""

    def __init__(self, host_page_bytes=PAGE, bad_pages=()):
        super().__init__(RAM.pages, host_page_bytes)
        self.released = []
        self.bad_pages = bad_pages

    def release_pages(self, pages):
        return self.release_ranges(pages, np.ones_like(pages))

    def release_ranges(self, starts, counts):
        pairs = list(zip(starts.tolist(), counts.tolist(), strict=True))
        self.released += pairs
        super().release_ranges(starts, counts)
        return [ReleaseError(s * PAGE, c * PAGE, "bad") for s, c in pairs if s in self.bad_pages]


def device(features=PROPOSED, **options):
    made = BalloonDevice(RAM, Recorder(**options))
    made.negotiate(features)
    return made


def test_classic_pages_are_translated_and_released_one_by_one_in_wire_order():
    classic = device(CLASSIC)
    handled = classic.handle(Queue.INFLATE, encode_pfns([5, 4, 48, 63]))
    assert handled == (4, 4, 4, 4, ())
    assert classic.backend.released == [(5, 1), (4, 1), (32, 1), (47, 1)]


def test_a_chunk_is_translated_and_released_once():
    chunks = device()
    handled = chunks.handle(Queue.INFLATE, encode_chunks([(48, 16), (0, 10)]))
    assert handled == (2, 26, 2, 2, ())
    assert chunks.backend.released == [(32, 16), (0, 10)]


def test_until_features_are_negotiated_the_format_is_classic():
    fresh = BalloonDevice(RAM, Recorder())
    fresh.handle(Queue.INFLATE, encode_pfns([7]))
    assert fresh.backend.released == [(7, 1)]


def test_a_driver_cannot_take_a_feature_that_was_not_offered():
    old = BalloonDevice(RAM, Recorder(), offered=CLASSIC)
    assert Feature.PAGE_CHUNKS not in old.negotiate(PROPOSED)


@pytest.mark.parametrize("features", [CLASSIC, PROPOSED])
def test_a_refused_message_touches_nothing(features):
    refusing = device(features)
    handled = refusing.handle(Queue.INFLATE, bytes(7))
    assert handled.pages == 0
    assert refusing.backend.released == []
    books = refusing.counters()
    assert (books.messages, books.bytes, books.entries) == (1, 7, 0)
    assert books.rejected == {Reason.TRUNCATED: 1}
    assert books.last_rejections == handled.rejections


def test_a_queue_that_does_not_exist_is_refused():
    odd = device()
    odd.handle(7, encode_chunks([(0, 1)]))
    assert odd.counters().rejected == {Reason.UNKNOWN_QUEUE: 1}


def test_statistics_are_taken_without_effect():
    taking = device()
    taking.handle(Queue.STATS, bytes(60))
    books = taking.counters()
    assert (books.messages, books.rejected, taking.backend.released) == (1, {}, [])


def test_a_failed_release_is_reported_and_the_others_are_made():
    failing = device(bad_pages=[3])
    handled = failing.handle(Queue.INFLATE, encode_chunks([(1, 1), (3, 2), (8, 1)]))
    assert failing.backend.released == [(1, 1), (3, 2), (8, 1)]
    assert [r.reason for r in handled.rejections] == [Reason.RELEASE_FAILED]
    assert handled.rejections[0].detail == "8192 bytes at offset 0x3000: bad"


def test_pages_ballooned_twice_are_released_again_and_counted():
    # The guest may have touched them in between: Linux does not wait for the host to deflate.
    twice = device()
    twice.handle(Queue.INFLATE, encode_chunks([(0, 10)]))
    twice.handle(Queue.INFLATE, encode_chunks([(8, 4)]))
    books = twice.counters()
    assert (books.pages, books.unchanged_pages, books.ballooned_pages) == (14, 2, 12)
    assert twice.backend.released == [(0, 10), (8, 4)]


def test_deflating_gives_pages_back_without_memory_behind_them():
    both = device()
    both.handle(Queue.INFLATE, encode_chunks([(0, 10)]))
    both.handle(Queue.DEFLATE, encode_chunks([(0, 4), (20, 1)]))
    books = both.counters()
    assert (books.ballooned_pages, books.unchanged_pages, books.releases) == (6, 1, 1)
    assert both.backend.resident_bytes() == (RAM.pages - 10) * PAGE


@pytest.mark.parametrize("features", [CLASSIC, PROPOSED])
def test_a_large_host_page_waits_for_all_its_parts_over_messages(features):
    large = device(features, host_page_bytes=16 * PAGE)

    def inflate(pages, queue=Queue.INFLATE):
        if features == CLASSIC:
            large.handle(queue, encode_pfns(list(pages)))
        else:
            large.handle(queue, encode_chunks([(pages[0], len(pages))]))

    inflate(range(0, 10))
    assert large.backend.released == []
    inflate(range(3, 4), Queue.DEFLATE)
    inflate(range(10, 31))
    assert large.backend.released == []
    inflate(range(3, 4))
    assert large.backend.released == [(0, 16)]
    inflate(range(31, 32))
    assert large.backend.released == [(0, 16), (16, 16)]


def test_ram_that_ends_inside_a_host_page_is_refused():
    with pytest.raises(ValueError, match="not whole host pages of 256 KiB"):
        BalloonDevice(RAM, Recorder(host_page_bytes=64 * PAGE))


def test_after_a_reset_the_guest_owns_all_pages_and_the_format_is_classic_again():
    restarted = device()
    restarted.handle(Queue.INFLATE, encode_chunks([(0, 10)]))
    restarted.reset()
    books = restarted.counters()
    assert (books.ballooned_pages, books.pages) == (0, 10)
    restarted.handle(Queue.INFLATE, encode_pfns([2]))
    assert restarted.backend.released == [(0, 10), (2, 1)]


@given(
    st.sampled_from([CLASSIC, PROPOSED]),
    st.sampled_from([PAGE, 16 * PAGE]),
    st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=120))),
)
def test_no_byte_string_releases_what_is_not_in_the_balloon(features, host_page_bytes, messages):
    """Every release lies in RAM and in the balloon; nothing is raised, everything is counted."""
    trying = device(features, host_page_bytes=host_page_bytes)
    for queue, message in messages:
        trying.backend.released.clear()
        trying.handle(queue, message)
        for start, count in trying.backend.released:
            assert start >= 0
            assert start + count <= RAM.pages
            assert trying._balloon.ballooned[start : start + count].all()
    assert trying.counters().messages == len(messages)


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.sets(st.integers(0, 31), max_size=20))))
def test_both_formats_leave_the_same_pages_behind(steps):
    classic, chunks = device(CLASSIC), device(PROPOSED)
    for queue, pages in steps:
        classic.handle(queue, encode_pfns(sorted(pages)))
        chunks.handle(queue, encode_chunks([(page, 1) for page in sorted(pages)]))
    assert classic.counters().ballooned_pages == chunks.counters().ballooned_pages
    assert (classic.backend.resident == chunks.backend.resident).all()


def test_a_limit_on_pfns_is_linux_s_and_off_by_default():
    ram = GuestRam.of_size("4MiB")
    message = np.arange(257, dtype="<u4").tobytes()
    assert BalloonDevice(ram, ModelRelease(ram.pages)).handle(Queue.INFLATE, message).pages == 257
    strict = BalloonDevice(ram, ModelRelease(ram.pages), max_pfns=MAX_PFNS)
    handled = strict.handle(Queue.INFLATE, message)
    assert (handled.pages, handled.rejections[0].reason) == (0, Reason.TOO_MANY_ENTRIES)
    assert strict.handle(Queue.INFLATE, message[:-4]).pages == 256
