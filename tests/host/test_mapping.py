"""Real memory, in this process: what the kernel says is resident, and what the pages hold."""

import ctypes
import mmap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.host.mapping import MappingRelease
from balloonkit.host.release import ModelRelease

PAGES = 16384  # 64 MiB
NONE = np.empty(0, np.int64)


def ranges(*pairs):
    array = np.array(pairs, np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


@pytest.fixture
def memory():
    with MappingRelease(PAGES) as made:
        made.populate()
        yield made


def test_nothing_is_resident_before_it_is_populated():
    with MappingRelease(PAGES) as empty:
        assert empty.resident_bytes() == 0


def test_populating_makes_every_page_resident_and_says_how_far_it_is():
    seen = []
    with MappingRelease(PAGES) as made:
        made.populate(lambda done_bytes, total_bytes: seen.append((done_bytes, total_bytes)))
        assert made.resident_bytes() == PAGES * 4096
        assert made.verify(NONE, NONE) == (0, 0, PAGES, 0)
    assert seen == [(PAGES * 4096, PAGES * 4096)]


def test_released_ranges_leave_the_resident_set_and_read_as_zero(memory):
    given = ranges((0, 1), (100, 8000), (PAGES - 1, 1))
    assert memory.release_ranges(*given) == []
    assert memory.resident_bytes() == (PAGES - 8002) * 4096
    assert memory.verify(*given) == (8002, 0, PAGES - 8002, 0)
    assert memory.resident_bytes() == (PAGES - 8002) * 4096  # reading brought nothing back


def test_single_pages_are_released_as_ranges_are(memory):
    pages = np.arange(0, PAGES, 2)
    assert memory.release_pages(pages) == []
    assert memory.resident_bytes() == PAGES // 2 * 4096
    assert memory.verify(pages, np.ones_like(pages)) == (PAGES // 2, 0, PAGES // 2, 0)


def test_the_check_finds_a_page_that_was_not_released_and_one_that_lost_its_content(memory):
    memory.release_ranges(*ranges((10, 5)))
    assert memory.verify(*ranges((10, 6))) == (6, 1, PAGES - 6, 0)
    assert memory.verify(*ranges((10, 3))) == (3, 0, PAGES - 3, 2)


def test_huge_pages_go_in_parts(memory):
    with MappingRelease(PAGES, huge_pages=True) as huge:
        huge.populate()
        given = ranges((700, 1), (1024, 2048))
        assert huge.release_ranges(*given) == []
        assert huge.verify(*given) == (2049, 0, PAGES - 2049, 0)


def test_a_release_the_kernel_refuses_is_reported_and_the_others_are_made(memory):
    # A locked page cannot be given back (madvise(2), EINVAL).
    locked = memory._words().ctypes.data + 1 * mmap.PAGESIZE
    assert ctypes.CDLL(None).mlock(ctypes.c_void_p(locked), ctypes.c_size_t(mmap.PAGESIZE)) == 0
    failures = memory.release_ranges(*ranges((0, 1), (1, 1), (2, 1)))
    failures += memory.release_pages(np.array([5, 1, 6]))
    assert [(f.offset_bytes, f.length_bytes) for f in failures] == [(4096, 4096)] * 2
    assert "madvise: [Errno 22]" in str(failures[0])
    assert memory.resident_bytes() == (PAGES - 4) * 4096


def test_two_mappings_are_not_taken_for_one(memory):
    with MappingRelease(PAGES) as other:
        other.populate()
        other.release_ranges(*ranges((0, 100)))
        assert other.resident_bytes() == (PAGES - 100) * 4096
        assert memory.resident_bytes() == PAGES * 4096


@settings(max_examples=20, deadline=None)  # populating takes what the machine takes
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 56)), max_size=12))
def test_real_memory_and_the_books_agree_on_what_is_resident(pairs):
    with MappingRelease(256) as memory:
        memory.populate()
        books = ModelRelease(256, mmap.PAGESIZE)
        memory.release_ranges(*ranges(*pairs))
        books.release_ranges(*ranges(*pairs))
        assert memory.resident_bytes() == books.resident_bytes()
        assert memory.verify(*ranges(*pairs)).kept_changed == 0
