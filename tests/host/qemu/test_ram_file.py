"""Guest RAM as a file: holes are what was released, and looking fills none."""

import ctypes
import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.qemu import ram_file
from balloonkit.host.qemu.ram_file import RamFile

PAGES = 64


@given(st.sets(st.integers(0, PAGES - 1)))
def test_holes_are_exactly_the_released_pages_until_they_are_filled(released):
    with RamFile(PAGES * 4096) as ram:
        window = ram.window(PAGES * 4096)
        for page in released:
            window.obj.madvise(mmap.MADV_REMOVE, page * 4096, 4096)
        for _ in range(2):
            assert ram.holes().tolist() == sorted(released)
            assert ram.holes_by_seeking().tolist() == sorted(released)
        assert ram.resident_bytes() == (PAGES - len(released)) * 4096
        ram.fill(np.array(sorted(released), np.int64))
        assert len(ram.holes()) == 0
        window.release()


def test_a_page_the_kernel_has_moved_away_is_no_hole(monkeypatch):
    """Where mincore and the file's blocks disagree, as with swap, seeking decides."""
    with RamFile(PAGES * 4096) as ram:
        ram.window(4096).obj.madvise(mmap.MADV_REMOVE, 4096, 4096)
        swapped = lambda address, size, core: ctypes.memset(core, 0, PAGES) and 0  # noqa: E731
        monkeypatch.setattr(ram_file, "_mincore", swapped)
        assert ram.holes().tolist() == [1]


def test_huge_pages_that_are_not_there_are_named_with_the_way_to_get_them():
    with pytest.raises(OSError, match=r"524288 huge pages of 2 MiB.*vm\.nr_overcommit_hugepages"):
        RamFile(1 << 40, huge_pages=True)
