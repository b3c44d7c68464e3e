"""The balloon driver: what goes on the wire, and that no page is lost whatever happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import Guest, Kernel
from balloonkit.guest.driver import BalloonDriver
from balloonkit.wire import (
    PAGE_CHUNKS,
    PFN_ARRAY,
    PageBitmaps,
    PageChunks,
    PfnArray,
    decode_chunks,
    decode_pfns,
)
from balloonkit.wire.queue import Queue


class Host:
    """The other end of the wire in a list; raises at the chosen message."""

    def __init__(self, fail_at=None):
        self.messages, self.fail_at = [], fail_at

    def send(self, queue, message):
        if len(self.messages) == self.fail_at:
            raise TimeoutError("no ack")
        self.messages.append((queue, message))

    def told(self, wire_format, queue=Queue.INFLATE):
        """4 KiB page numbers told on one queue, in order."""
        told = []
        for on_queue, message in self.messages:
            if on_queue == queue and isinstance(wire_format, PageChunks):
                for base, size in decode_chunks(message).tolist():
                    told += range(base, base + size)
            elif on_queue == queue:
                told += decode_pfns(message).tolist()
        return told


def driver_of(guest, wire_format, host=None, **options):
    host = host or Host()
    return BalloonDriver(guest, wire_format, host.send, **options), host


def owned(guest):
    """Pages the guest's allocator can still hand out."""
    stocks = [guest.percpu.stock(zone) for zone in range(len(guest.buddy.zones))]
    return set(np.concatenate((*stocks, np.flatnonzero(guest.buddy.free_mask))).tolist())


def test_todays_classic_message_descends_and_that_of_2017_ascends():
    for kernel, step in ((Kernel.LINUX_6_1, -1), (Kernel.LINUX_2017, 1)):
        driver, host = driver_of(Guest.idle("64MiB", kernel=kernel), PFN_ARRAY)
        driver.fill(1024)
        steps = np.diff([decode_pfns(m).astype(int) for _, m in host.messages], axis=1)
        assert (steps == step).all()


@pytest.mark.parametrize("page_bytes", [4096, 16384, 65536])
@pytest.mark.parametrize("wire_format", [PFN_ARRAY, PAGE_CHUNKS])
def test_a_guest_page_is_told_as_all_its_balloon_pages(page_bytes, wire_format):
    scale = page_bytes // 4096
    driver, host = driver_of(Guest.idle("256MiB", page_bytes=page_bytes), wire_format)
    sent = driver.fill(100 * scale)
    assert sent.pages == driver.held_pages == 100 * scale
    expected = [pfn * scale + i for pfn in driver.held.tolist() for i in range(scale)]
    assert sorted(host.told(wire_format)) == sorted(expected)
    assert wire_format is PAGE_CHUNKS or host.told(wire_format) == expected


def test_a_64_kib_page_contributes_16_consecutive_pfns_and_16_pages_fill_a_message():
    driver, host = driver_of(Guest.idle("256MiB", page_bytes=65536), PFN_ARRAY)
    assert driver.fill(16 * 32).messages == 2
    first = decode_pfns(host.messages[0][1])
    assert (first[:16] == first[0] + np.arange(16)).all()
    assert first[0] % 16 == 0


def test_chunks_are_split_at_bitmap_edges_as_proposed_or_joined():
    for join, entries in ((False, 4), (True, 1)):
        driver, _ = driver_of(
            Guest.idle("64MiB"),
            PageChunks(join=join, bitmaps=PageBitmaps(bits=256)),
            block_alloc=True,
        )
        assert driver.fill(1024).entries == entries


def test_a_full_buffer_is_sent_at_once_and_the_rest_at_the_end():
    driver, host = driver_of(Guest.aged("64MiB", 1), PAGE_CHUNKS)
    sent = driver.fill(5000)
    assert sent.entries == 5000
    assert [len(decode_chunks(m)) for _, m in host.messages] == [2047, 2047, 906]


def test_block_allocation_asks_the_allocator_a_thousand_times_less():
    pages = [
        driver_of(Guest.idle("1GiB"), PAGE_CHUNKS, block_alloc=b)[0].fill(131072) for b in (0, 1)
    ]
    assert [sent.allocations for sent in pages] == [131072, 128]
    assert [sent.pages for sent in pages] == [131072, 131072]


def test_out_of_puff_tells_the_host_what_there_is_then_waits_and_goes_on():
    guest, waits = Guest.idle("64MiB"), []
    hoard = guest.take(10_000)

    def somebody_frees_memory(seconds):
        waits.append(seconds)
        guest.give_back(hoard)

    driver, _ = driver_of(guest, PFN_ARRAY, puff_wait=somebody_frees_memory)
    sent = driver.fill(12_000, tries=2)
    assert (sent.pages, sent.out_of_puff, waits) == (12_000, 1, [0.2])


def test_out_of_puff_stops_at_the_watermarks_and_keeps_what_it_got():
    driver, host = driver_of(Guest.idle("64MiB"), PFN_ARRAY)
    sent = driver.fill(16_384)
    assert 0 < sent.pages < 16_384
    assert sent.out_of_puff == 1
    assert len(host.told(PFN_ARRAY)) == driver.held_pages == sent.pages


def test_a_leak_returns_the_newest_page_first_as_real_drivers_do():
    driver, host = driver_of(Guest.idle("64MiB"), PFN_ARRAY)
    driver.fill(1000)
    driver.leak(1000)
    assert host.told(PFN_ARRAY, Queue.DEFLATE) == host.told(PFN_ARRAY)[::-1]
    assert driver.held_pages == 0


@pytest.mark.parametrize("pages", [-1, 3])
def test_what_is_no_whole_number_of_guest_pages_is_refused(pages):
    driver, _ = driver_of(Guest.idle("64MiB", page_bytes=16384), PFN_ARRAY)
    with pytest.raises(ValueError, match=f"{pages} balloon pages"):
        driver.fill(pages)


@settings(max_examples=60, deadline=None)
@given(
    wire_format=st.sampled_from([PfnArray(64), PageChunks(40)]),
    block_alloc=st.booleans(),
    fragmentation=st.sampled_from([0, 0.2, 1]),
    steps=st.lists(st.tuples(st.sampled_from(["fill", "leak"]), st.integers(0, 3000)), max_size=6),
    fail_at=st.none() | st.integers(0, 8),
)
def test_every_page_is_in_the_balloon_or_in_the_allocator_never_both_never_neither(
    wire_format, block_alloc, fragmentation, steps, fail_at
):
    guest = Guest.aged("32MiB", fragmentation)
    all_pages = owned(guest)
    host = Host(fail_at)
    driver, _ = driver_of(guest, wire_format, host, block_alloc=block_alloc)
    known = set()
    for what, pages in steps:
        try:
            getattr(driver, what)(pages)
        except TimeoutError:
            host.fail_at = None
        held, mine = driver.held.tolist(), owned(guest)
        assert len(held) == len(set(held))
        assert not mine & set(held)
        assert mine | set(held) == all_pages
        # A page the host was told of and not told back is never the guest's to use.
        known = set()
        for queue, message in host.messages:
            one = Host()
            one.messages = [(queue, message)]
            if queue == Queue.INFLATE:
                known |= set(one.told(wire_format))
            else:
                known -= set(one.told(wire_format, Queue.DEFLATE))
        assert known <= set(held)
