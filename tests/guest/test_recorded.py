"""Free lists as a kernel had them: kept in sequence, or refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.guest import BuddyAllocator, Zone
from balloonkit.guest.recorded import guest_from_lists

ZONE = Zone("Normal", 0, 1024)


@given(st.sets(st.integers(0, 511), min_size=1), st.randoms(use_true_random=False))
def test_single_pages_leave_in_the_recorded_sequence_whatever_it_is(pages, random):
    blocks = [(2 * page, 0) for page in pages]  # no two touch, so none merges
    random.shuffle(blocks)
    free = np.zeros(1024, bool)
    free[[pfn for pfn, _ in blocks]] = True
    guest = guest_from_lists("test", 4 << 20, free, (ZONE,), blocks, [])
    assert guest.take(len(blocks)).tolist() == [pfn for pfn, _ in blocks]


@pytest.mark.parametrize(
    "blocks", [[(0, 0), (1, 0)], [(0, 1), (4, 1)], [(0, 0)], [(0, 1), (2, 0), (2, 0)]]
)
def test_blocks_other_than_the_free_ones_are_refused(blocks):
    buddy = BuddyAllocator.from_free_mask(np.arange(1024) < 3, (ZONE,))
    with pytest.raises(ValueError, match="zone Normal, order"):
        buddy.put_in_order(blocks)


def test_pages_in_no_list_count_for_the_watermark_and_do_not_leave():
    zone = Zone("Normal", 0, 1024, low_pages=3)
    guest = guest_from_lists("test", 4 << 20, np.arange(1024) < 6, (zone,), [(4, 1)], [])
    assert guest.take(10).tolist() == [4, 5]
