"""Guests to start from."""

import numpy as np
import pytest

from balloonkit.guest import Guest, Kernel, Zone
from balloonkit.guest.fragmentation import free_runs
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.guest.zones import with_watermarks
from balloonkit.wire import pack_chunks


def free_pages(guest):
    return int(guest.buddy.free_mask.sum())


def test_an_idle_guest_has_nearly_all_its_memory_free_in_few_runs():
    guest = Guest.idle("8GiB")
    assert 0.95 < free_pages(guest) / 2_097_152 < 1
    assert len(free_runs(guest.buddy.free_mask)) <= 4


def test_seven_of_eight_idle_gib_leave_normal_then_dma32_and_never_dma():
    guest = Guest.idle("8GiB")
    pages = guest.take(1_835_008)
    assert len(pages) == 1_835_008
    zone = np.searchsorted([4096, 1048576], pages, side="right")
    assert set(zone[:1_400_000]) == {2}
    assert 0 not in zone
    assert guest.buddy.buddyinfo()["DMA"][10] == 3


def test_fragmentation_runs_from_idle_to_a_checkerboard():
    assert free_pages(Guest.aged("256MiB", 0)) == free_pages(Guest.idle("256MiB"))
    board = Guest.aged("256MiB", 1).buddy.free_mask
    assert free_runs(board).max() == 1
    runs = [len(free_runs(Guest.aged("256MiB", f).buddy.free_mask)) for f in (0, 0.1, 0.5, 1)]
    assert runs == sorted(runs)


def test_the_same_seed_ages_the_same_way_and_another_differs():
    one, same, other = (Guest.aged("64MiB", 0.3, seed=s).buddy.free_mask for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_a_guest_of_2017_gives_its_highest_block_first_and_todays_its_lowest():
    then = Guest.idle("1GiB", kernel=Kernel.LINUX_2017).take_blocks(1024)[0][1]
    now = Guest.idle("1GiB").take_blocks(1024)[0][1]
    assert now[0] < then[0]


@pytest.mark.parametrize("page_bytes", [4096, 16384, 65536])
def test_blocks_are_taken_largest_first_and_no_page_twice(page_bytes):
    guest = Guest.aged("256MiB", 0.001, page_bytes=page_bytes)
    before = guest.buddy.free_mask.copy()
    taken = [
        (np.asarray(pfns)[:, None] + np.arange(1 << order)).ravel()
        for order, pfns in guest.take_blocks(1500)
    ]
    pages = np.concatenate(taken)
    assert len(np.unique(pages)) == len(pages) == 1500
    assert before[pages].all()
    assert not guest.buddy.free_mask[pages].any()


def test_a_copy_goes_its_own_way():
    guest = Guest.idle("64MiB")
    twin = guest.copy()
    taken = twin.take(1000)
    assert guest.buddy.free_mask[taken].all()
    assert (guest.take(1000) == taken).all()


def test_a_guests_pages_come_back_whole():
    guest = Guest.idle("64MiB")
    before = pack_chunks(np.flatnonzero(guest.buddy.free_mask))
    guest.give_back(guest.take(5000))
    stocked = np.concatenate([guest.percpu.stock(z) for z in range(len(guest.buddy.zones))])
    after = np.append(np.flatnonzero(guest.buddy.free_mask), stocked)
    assert (pack_chunks(after) == before).all()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Guest.idle("64MiB", page_bytes=8192), "8192 bytes"),
        (lambda: Guest.idle("100KiB", page_bytes=65536), "102400 bytes: not whole pages"),
        (lambda: Guest.aged("64MiB", 1.5), "fragmentation 1.5"),
        (lambda: Guest.idle(0), "guest of 0 bytes"),
    ],
)
def test_a_guest_that_cannot_be_is_refused_with_the_value(build, reason):
    with pytest.raises(ValueError, match=reason):
        build()


def test_a_guest_larger_than_can_be_modelled_is_refused_before_memory_is_taken():
    with pytest.raises(MemoryError, match=r"a guest of 16 TiB needs about .* would work"):
        Guest.idle("15.998046875TiB")
    with pytest.raises(ValueError, match="32-bit PFNs, which end at 16 TiB"):
        Guest.idle("17TiB")


def test_watermarks_of_zones_with_no_reserve_of_their_own_are_worked_out():
    zones = (Zone("Normal", 0, 4096), Zone("HighMem", 4096, 8192), Zone("Movable", 8192, 9216))
    filled = with_watermarks(zones, np.array([4096, 4096, 1024]))
    assert [zone.reserve_pages for zone in filled] == [5120 // 32, 0, 0]


def test_pages_in_stock_and_pages_no_balloon_may_have_are_free_and_what_is_taken_is_in_use():
    guest = Guest.idle("1GiB")
    free_before = int((guest.page_states() == PAGE_STATES["free"]).sum())
    taken = guest.take(5)  # refills the stock with more than it hands out
    assert len(guest.percpu.stock(1)) > 0
    states = guest.page_states()
    assert (states[taken] == PAGE_STATES["in use"]).all()
    assert int((states == PAGE_STATES["free"]).sum()) == free_before - 5
    guest.kept_free = np.zeros(len(states), bool)
    guest.kept_free[taken[0]] = True
    assert guest.page_states()[taken[0]] == PAGE_STATES["free"]
