"""Shared memory: what a release frees, and what another mapping of the same file sees."""

import ctypes
import mmap

import numpy as np
import pytest

from balloonkit.host.shared import SharedRelease
from balloonkit.units import BALLOON_PAGE_BYTES

PAGES = 64


@pytest.fixture
def memory():
    with SharedRelease(PAGES) as made, mmap.mmap(made.fd, PAGES * BALLOON_PAGE_BYTES) as guest:
        guest[:] = b"\x5a" * len(guest)
        yield made, guest


def test_nothing_is_resident_before_someone_writes():
    with SharedRelease(PAGES) as empty:
        assert empty.resident_bytes() == 0
        assert not empty.resident_mask().any()


@pytest.mark.parametrize("by_page", [True, False])
def test_released_pages_are_freed_and_read_zero_in_every_mapping_and_others_keep_theirs(
    memory, by_page
):
    made, guest = memory
    if by_page:
        failures = made.release_pages(np.array([3, 4, 60]))
    else:
        failures = made.release_ranges(np.array([3, 60]), np.array([2, 1]))
    assert failures == []
    assert made.resident_bytes() == (PAGES - 3) * BALLOON_PAGE_BYTES
    assert np.flatnonzero(~made.resident_mask()).tolist() == [3, 4, 60]
    for page in range(PAGES):
        expected = b"\0" if page in (3, 4, 60) else b"\x5a"
        assert made.read(page, 1) == expected * BALLOON_PAGE_BYTES
    # Last: reading a hole through a mapping puts memory there.
    assert guest[3 * BALLOON_PAGE_BYTES] == 0


def test_madvise_dontneed_would_free_nothing_here(memory):
    """Why the release is another one than for private memory."""
    made, guest = memory
    guest.madvise(mmap.MADV_DONTNEED)
    assert made.resident_bytes() == PAGES * BALLOON_PAGE_BYTES
    assert made.read(0, 1)[0] == 0x5A


def test_a_range_the_kernel_refuses_is_returned_and_the_others_are_released(memory):
    made, _ = memory
    # A locked page cannot be given back (madvise(2), EINVAL).
    locked = np.frombuffer(made._mapping, np.uint8).ctypes.data + 7 * mmap.PAGESIZE
    assert ctypes.CDLL(None).mlock(ctypes.c_void_p(locked), ctypes.c_size_t(mmap.PAGESIZE)) == 0
    (failure,) = made.release_ranges(np.array([7, 1]), np.array([1, 1]))
    assert (failure.offset_bytes, failure.length_bytes) == (7 * 4096, 4096)
    assert np.flatnonzero(~made.resident_mask()).tolist() == [1]


def test_a_page_written_again_is_resident_again(memory):
    made, guest = memory
    made.release_ranges(np.array([0]), np.array([PAGES]))
    guest[5 * BALLOON_PAGE_BYTES] = 1
    assert np.flatnonzero(made.resident_mask()).tolist() == [5]
