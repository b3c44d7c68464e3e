"""A real kernel's balloon, from the host's side and from the guest's own accounts."""

import os
import signal
import time

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.guest.blocks import maximal_blocks
from balloonkit.live import GuestTimeoutError, LiveError, RefusedError

HALF_BYTES = 192 << 20
HALF_PAGES = 49152  # 192 MiB of 4 KiB


def free_blocks(memory):
    """Free blocks per order, from the flags of the pages alone."""
    free = np.pad(memory.free, (0, -len(memory.free) % 1024))
    return [len(blocks) for blocks in maximal_blocks(free)]


def kernel_free_blocks(memory):
    """Free blocks per order over all zones, as the kernel counts them."""
    rows = [line.split()[4:] for line in memory.buddyinfo.splitlines()]
    return np.array(rows, int).sum(axis=0).tolist()


def test_the_pages_sent_are_the_pages_the_kernel_flags_as_ballooned(guest):
    move = guest.balloon(HALF_BYTES)
    flagged = np.flatnonzero(guest.memory().ballooned)
    assert len(move.pfns) == HALF_PAGES
    assert (np.sort(move.pfns) == flagged).all()


def test_the_driver_sends_256_pages_a_message_and_qemu_releases_them_one_by_one(guest):
    move = guest.balloon(HALF_BYTES)
    assert (move.messages, move.madvise_calls, move.migrated) == (192, HALF_PAGES, 0)
    assert (guest.sent() == move.pfns).all()


def test_a_deflate_returns_the_same_pages_in_reverse_and_releases_nothing(guest):
    inflate = guest.balloon(HALF_BYTES)
    deflate = guest.balloon(guest.memory_bytes)
    assert (deflate.pfns == inflate.pfns[::-1]).all()
    assert deflate.madvise_calls == 0
    assert not guest.memory().ballooned.any()


@pytest.mark.parametrize("files", ["idle", "aged"])
def test_blocks_rebuilt_from_page_flags_are_the_kernels_own(guest, files):
    if files == "aged":
        guest.age(seed=1, size="128MiB")
    for target in (guest.memory_bytes, HALF_BYTES, guest.memory_bytes):
        guest.balloon(target)
        memory = guest.memory()
        assert free_blocks(memory) == kernel_free_blocks(memory)


def test_ageing_leaves_less_free_memory_in_whole_4_mib_blocks(guest):
    before = kernel_free_blocks(guest.memory())[-1]
    guest.age(seed=1)
    assert kernel_free_blocks(guest.memory())[-1] < before / 2


def test_the_same_seed_leaves_the_same_files_and_another_seed_others(guest):
    def files_after(seed):
        guest.age(seed=seed, size="16MiB")
        return guest.run("ls -s /age; rm -rf /age/*")

    assert files_after(1) == files_after(1) != files_after(2)


def test_the_resident_set_falls_by_what_was_ballooned_from_a_touched_guest(guest):
    guest.age(seed=2, size="230MiB", kept=0)
    before_bytes = guest.resident()
    guest.balloon(HALF_BYTES)
    assert before_bytes - guest.resident() == pytest.approx(
        guest.memory_bytes - HALF_BYTES, rel=0.05
    )


def test_statistics_follow_the_balloon(guest):
    whole = guest.stats()["stat-total-memory"]
    guest.balloon(HALF_BYTES)
    assert whole - guest.stats()["stat-total-memory"] == guest.memory_bytes - HALF_BYTES


def test_a_guest_lives_at_its_floor_and_is_refused_less(guest):
    guest.balloon(guest.floor())
    with pytest.raises(RefusedError, match=r"balloon to 16 MiB: now the guest needs \d+ MiB"):
        guest.balloon("16MiB")
    assert "MemTotal" in guest.run("cat /proc/meminfo")


@pytest.mark.parametrize("target", ["385MiB", (384 << 20) - 1])
def test_a_target_no_balloon_can_reach_is_refused(guest, target):
    with pytest.raises(RefusedError, match=r"384 MiB|not a whole number of 4 KiB pages"):
        guest.balloon(target)


def test_ageing_that_would_leave_the_guest_without_memory_is_refused(guest):
    with pytest.raises(RefusedError, match=r"ageing with 380 MiB: the guest can take 2"):
        guest.age(size="380MiB")


def test_an_interrupted_inflate_leaves_a_balloon_at_rest_that_can_go_on(guest):
    def interrupt(*_):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.07)
    try:
        with pytest.raises(KeyboardInterrupt):
            guest.balloon(HALF_BYTES)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    rest_bytes = guest.actual()
    assert len(guest.reported()) == 0  # nothing of the broken move is taken for page reporting
    time.sleep(0.2)
    assert guest.actual() == rest_bytes
    assert len(guest.balloon(guest.memory_bytes - HALF_BYTES).pfns) * 4096 == abs(
        rest_bytes - HALF_BYTES
    )


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(guest):
    with pytest.raises(GuestTimeoutError, match=r"no answer to 'sleep 1; echo late' in 0\.2 s"):
        guest.run("sleep 1; echo late", timeout_s=0.2)
    assert guest.run("echo next") == "next\n"


def test_a_command_that_fails_shows_its_status_and_output(guest):
    with pytest.raises(LiveError, match=r"'cat /none' gave status 1: .*No such file"):
        guest.run("cat /none")


def test_a_signal_from_the_keyboard_does_not_reach_qemu(guest):
    assert os.getpgid(guest.pid) != os.getpgid(0)


def test_a_capture_is_read_like_a_shipped_one(guest, tmp_path):
    guest.age(seed=3, size="64MiB")
    guest.capture(tmp_path / "live.npz", leave=HALF_BYTES)
    capture, shipped = load_capture(tmp_path / "live.npz"), load_capture("aged-1g")
    assert os.listdir(tmp_path) == ["live.npz"]
    assert capture.guest_bytes == guest.memory_bytes

    def kind(entry):
        return np.asarray(entry).dtype.kind

    recorded = {"free_blocks_before": "u", "percpu_pfns_before": "u"}  # the shipped ones have none
    assert capture.meta.keys() == shipped.meta.keys()
    assert {key: kind(array) for key, array in capture.arrays.items()} == recorded | {
        key: kind(array) for key, array in shipped.arrays.items()
    }
    assert (np.sort(capture.inflate_pfns) == np.flatnonzero(capture.flagged("inflated", 23))).all()
    assert "seed 3" in capture.meta["ageing"]
