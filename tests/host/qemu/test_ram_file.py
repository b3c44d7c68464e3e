"""Guest RAM as a file: holes are what was released, and looking fills none."""

import mmap

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.qemu.ram_file import RamFile, pages_of

PAGES = 64


@given(st.sets(st.integers(0, PAGES - 1)))
def test_holes_are_exactly_the_released_pages_until_they_are_filled(released):
    with RamFile(PAGES * 4096) as ram:
        window = ram.window(PAGES * 4096)
        for page in released:
            window.obj.madvise(mmap.MADV_REMOVE, page * 4096, 4096)
        for _ in range(2):
            assert pages_of(ram.holes()).tolist() == sorted(released)
        assert ram.resident_bytes() == (PAGES - len(released)) * 4096
        ram.fill(np.array(sorted(released), np.int64))
        assert len(ram.holes()) == 0
        window.release()
