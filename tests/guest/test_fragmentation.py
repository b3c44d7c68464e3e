"""The kernel's indices, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.guest.fragmentation import fragmentation_index, free_runs, unusable_index

NONE = [0] * 11


@pytest.mark.parametrize(
    ("blocks", "order", "unusable", "index"),
    [
        (NONE, 3, 1000, 0),
        ([0] * 10 + [3], 10, 0, -1000),
        # 8 pages in 4+2+1 blocks: one of order 2 fits a request of order 2, 4 pages of 10 used
        ([4, 2, 1] + [0] * 8, 2, (12 - 4) * 1000 // 12, -1000),
        # order 3: nothing fits; 1000 - (1000 + 12 * 1000 // 8) // 7
        ([4, 2, 1] + [0] * 8, 3, 1000, 1000 - 2500 // 7),
        # all order 0, far from enough for order 10: memory is short, not only in pieces
        ([5] + [0] * 10, 10, 1000, 1000 - (1000 + 5000 // 1024) // 5),
    ],
)
def test_the_indices_are_the_kernels_integers(blocks, order, unusable, index):
    assert unusable_index(blocks, order) == unusable
    assert fragmentation_index(blocks, order) == index


def test_an_aged_guest_is_far_less_usable_for_huge_pages_than_an_idle_one(idle_8g, aged_8g):
    idle, aged = (c.buddyinfo("before")["Normal"] for c in (idle_8g, aged_8g))
    assert unusable_index(idle, 9) < 10
    assert unusable_index(aged, 9) > 900


@given(st.lists(st.booleans()))
def test_runs_are_those_counted_page_by_page(free):
    text = "".join(".#"[f] for f in free)
    assert free_runs(np.array(free, bool)).tolist() == [len(r) for r in text.split(".") if r]
