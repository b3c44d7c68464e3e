"""The proposal in a running kernel: what its driver sends, holds, and gives back."""

import re
import signal
import threading

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.events import Heard
from balloonkit.live import DriverOptions, LiveError, RefusedError
from balloonkit.predict import predict
from balloonkit.wire import PageBitmaps, join_chunks, pack_chunks
from balloonkit.wire.page_chunk import MAX_CHUNKS

HALF_BYTES = 128 << 20
HALF_PAGES = 32768


def ballooned(guest):
    """PFNs the guest's kernel flags as ballooned, ascending."""
    return np.flatnonzero(guest.memory().ballooned)


def touch(guest):
    guest.run("dd if=/dev/zero of=/age/touch bs=1M count=110 2>/dev/null; rm /age/touch")


@pytest.fixture(scope="module", params=["touched", "aged"])
def prepared(request, with_driver):
    """The guest with most of its memory used and free again, and the guest aged."""
    with_driver.run("rm -rf /age/*")
    with_driver.load_driver(DriverOptions())
    touch(with_driver) if request.param == "touched" else with_driver.age(seed=3)
    return with_driver


@pytest.fixture
def guest(prepared):
    """The prepared guest with an empty balloon."""
    prepared.run("rm -f /kept /age/copy*")
    prepared.load_driver(DriverOptions())
    return prepared


def test_the_set_on_the_wire_is_the_pages_the_kernel_flags_as_ballooned(guest):
    move = guest.balloon(HALF_BYTES)
    assert len(move.pfns) == HALF_PAGES
    assert (move.pfns == ballooned(guest)).all()  # ascending on the wire, too
    guest.balloon(guest.memory_bytes)
    assert len(ballooned(guest)) == 0


def test_the_kernels_chunks_are_those_of_pack_chunks_one_for_one(guest):
    move = guest.balloon(HALF_BYTES)
    assert (move.chunks == pack_chunks(move.pfns)).all()
    assert (guest.sent() == move.chunks).all()
    assert move.messages == -(-move.entries // MAX_CHUNKS)
    assert move.madvise_calls == move.entries == len(move.chunks) < HALF_PAGES / 20
    assert move.bytes == 8 * move.messages + 16 * move.entries


def test_every_ballooned_page_is_zero_in_the_memory_file_and_frees_what_was_resident(guest):
    touch(guest)
    before = guest.memory_file.resident_mask()
    move = guest.balloon(HALF_BYTES)
    for base_pfn, pages in move.chunks.tolist():
        data = guest.memory_file.read(base_pfn, pages)
        assert data.count(0) == len(data)
    freed_pages = np.count_nonzero(before[move.pfns])
    assert freed_pages > HALF_PAGES / 4
    assert move.freed_bytes == pytest.approx(freed_pages * 4096, rel=0.01)


def test_a_file_survives_and_memory_given_back_holds_what_is_written_into_it(guest):
    kept = guest.run("dd if=/dev/urandom of=/kept bs=1M count=4 2>/dev/null; md5sum /kept")
    guest.balloon(HALF_BYTES)
    assert guest.run("md5sum /kept") == kept
    guest.balloon(guest.memory_bytes)
    # What came back last is handed out first; and it stays when the balloon grows again.
    guest.run("for copy in 1 2 3 4 5 6 7 8 9; do cp /kept /age/copy$copy; done")
    guest.balloon("200MiB")
    guest.run("for copy in 1 2 3 4 5 6 7 8 9; do cmp /kept /age/copy$copy; done")
    assert guest.run("md5sum /kept; rm /kept /age/copy*") == kept


def test_a_listener_hears_step_by_step_what_the_kernel_made_the_device_do(guest):
    events = Heard()
    guest.host.listen(events)
    try:
        move = guest.balloon(HALF_BYTES)
    finally:
        guest.host.listen(None)
    kinds = [type(event).__name__ for event in events]
    each = ["Popped", "Translated", "Released", "Returned"]
    assert kinds == ["Began", *(each * move.messages)]
    released = [event for event in events if type(event).__name__ == "Released"]
    starts = np.concatenate([event.starts for event in released])
    sizes = np.concatenate([event.counts for event in released])
    assert np.array_equal(np.stack((starts, sizes), axis=1), move.chunks)


def test_prediction_from_the_guests_lists_foretells_what_the_driver_took(guest, tmp_path):
    guest.capture(tmp_path / "chunks.npz", leave=HALF_BYTES)
    capture = load_capture(tmp_path / "chunks.npz")
    assert capture.meta["driver"] == "balloonkit_balloon"
    assert predict(capture).overlap >= 0.999


@pytest.mark.parametrize("join", [False, True])
def test_small_bitmaps_in_rounds_send_what_page_bitmaps_would(guest, join):
    """32 MiB of 256 in one round: the pages span several bitmaps and several rounds."""
    bitmaps = PageBitmaps(bits=2048, max_count=4)
    guest.load_driver(DriverOptions(join=join, bitmap_bits=2048, max_bitmaps=4, message_chunks=100))
    move = guest.balloon(HALF_BYTES)
    cut = bitmaps.chunks(move.pfns)
    expected = join_chunks(cut) if join else cut
    assert len(cut) > len(join_chunks(cut))  # some edge did cut a run
    assert np.ptp(move.pfns) > 2 * 4 * 2048
    assert (move.chunks == expected).all()
    assert move.messages == -(-len(expected) // 100)


def test_by_blocks_takes_larger_blocks_and_makes_fewer_chunks(guest):
    guest.load_driver(DriverOptions())
    by_page = guest.balloon(HALF_BYTES)
    guest.load_driver(DriverOptions(by_blocks=True))
    by_block = guest.balloon(HALF_BYTES)
    assert len(by_block.pfns) == HALF_PAGES
    held = set(by_block.pfns.tolist())
    for message in guest.host.messages():  # pages the kernel has moved meanwhile, told since
        for base_pfn, pages in message.chunks().tolist():
            change = held.update if message.queue == 0 else held.difference_update
            change(range(base_pfn, base_pfn + pages))
    assert sorted(held) == ballooned(guest).tolist()
    assert by_block.entries < by_page.entries


def test_a_page_the_kernel_moves_is_told_in_two_messages_and_the_sets_stay_the_same(chunked):
    chunked.age(seed=1, size="24MiB", kept=0.5)
    move = chunked.balloon("160MiB")
    chunked.run("rm -rf /age/*")  # holes for it to move to
    moved_before = int(re.search(r"balloon_migrate (\d+)", chunked.run("cat /proc/vmstat"))[1])
    chunked.run("echo 1 > /proc/sys/vm/compact_memory", timeout_s=120)
    moved = int(re.search(r"balloon_migrate (\d+)", chunked.run("cat /proc/vmstat"))[1])
    told = set(move.pfns.tolist())
    messages = chunked.host.messages()
    for message in messages:
        ((base_pfn, pages),) = message.chunks().tolist()
        assert pages == 1
        (told.add if message.queue == 0 else told.remove)(base_pfn)
    assert 2 * (moved - moved_before) == len(messages) > 0
    assert told == set(ballooned(chunked).tolist())


def test_a_driver_with_a_full_balloon_can_be_unloaded_and_gives_everything_back(chunked):
    chunked.balloon(HALF_BYTES)
    chunked.run("rmmod balloonkit_balloon")
    assert len(ballooned(chunked)) == 0
    assert chunked.host.counters().ballooned_pages == 0
    assert not chunked.host.ready


def test_less_than_the_guest_can_live_with_is_refused(chunked):
    with pytest.raises(RefusedError, match=r"balloon to 16 MiB: now the guest needs \d+ MiB"):
        chunked.balloon("16MiB")
    chunked.balloon(chunked.floor())
    assert "MemTotal" in chunked.run("cat /proc/meminfo")


def test_a_driver_short_of_pages_says_so_and_goes_on_when_it_is_asked_for_less(chunked):
    """No process starts in between: the shell waits for a line while the kernel is out of pages."""
    host = chunked.host
    host.set_target(chunked.memory_bytes // 4096)
    for _ in range(200):
        host.wait(0.05)
        if host.messages() and host.actual_pages > HALF_PAGES:
            break
    host.set_target(HALF_PAGES)
    for _ in range(200):
        host.wait(0.05)
        if host.actual_pages == HALF_PAGES:
            break
    assert "Out of puff!" in chunked.run("dmesg")
    assert len(ballooned(chunked)) == HALF_PAGES == host.counters().ballooned_pages


def test_an_interrupted_movement_is_no_part_of_the_next_one(chunked, monkeypatch):
    device, main = chunked.host.device, threading.main_thread().ident
    handle = device.handle

    def interrupts(queue, data):
        monkeypatch.setattr(device, "handle", handle)
        signal.pthread_kill(main, signal.SIGINT)
        return handle(queue, data)

    monkeypatch.setattr(device, "handle", interrupts)
    with pytest.raises(KeyboardInterrupt):
        chunked.balloon(HALF_BYTES)
    move = chunked.balloon("192MiB")  # the driver first gives back what it took
    assert len(move.pfns) == HALF_PAGES / 2
    assert (move.pfns == ballooned(chunked)).all()


def test_what_the_chunks_driver_does_not_do_is_refused_in_words(chunked, booted):
    with pytest.raises(RefusedError, match="sends no statistics"):
        chunked.stats()
    with pytest.raises(RefusedError, match=r"make one with driver='chunks'"):
        booted.load_driver(DriverOptions())


def test_what_the_device_refuses_is_an_error_and_not_a_move(chunked, monkeypatch):
    monkeypatch.setattr(chunked.host.device.ram, "contains", lambda bases, sizes: bases < 0)
    with pytest.raises(LiveError, match=r"the device refused \d+ entries: .*outside registered"):
        chunked.balloon(HALF_BYTES)
