"""The bitmaps: what is set, how many are in hand, and the runs found in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import PageBitmaps, find_runs
from balloonkit.wire.page_bitmap import BITMAP_BITS


def runs_bit_by_bit(words):
    """Look at one bit after the other."""
    runs = []
    for i in range(64 * len(words)):
        if int(words[i // 64]) >> (i % 64) & 1:
            if runs and sum(runs[-1]) == i:
                runs[-1][1] += 1
            else:
                runs.append([i, 1])
    return runs


WORDS = st.integers(0, 2**64 - 1) | st.sampled_from([0, 2**64 - 1, 2**63, 1])


@given(st.lists(WORDS, max_size=6))
def test_runs_are_those_found_bit_by_bit(words):
    assert find_runs(np.array(words, np.uint64)).tolist() == runs_bit_by_bit(words)


@given(
    pfns=st.lists(st.integers(0, 2000), min_size=1, unique=True),
    bits=st.sampled_from([64, 128, 256]),
    max_count=st.integers(1, 4),
)
def test_every_page_sets_exactly_its_bit_in_exactly_one_round(pfns, bits, max_count):
    bitmaps = PageBitmaps(bits, max_count)
    seen = []
    for base_pfn, filled in bitmaps.rounds(np.array(pfns, np.uint32)):
        assert len(filled) == bitmaps.count <= max_count
        assert (base_pfn - min(pfns)) % (bitmaps.count * bits) == 0
        for start, length in runs_bit_by_bit(filled.ravel()):
            seen += range(base_pfn + start, base_pfn + start + length)
    assert seen == sorted(pfns)
    assert bitmaps.count == 1


def test_one_bitmap_covers_one_gib_of_small_pages_and_32_cover_32_gib():
    assert BITMAP_BITS == 262144
    spans = {262144: 1, 262145: 2, 32 * 262144: 32, 32 * 262144 + 1: 32}
    for span, count in spans.items():
        bitmaps = PageBitmaps()
        rounds = [len(r.bitmaps) for r in bitmaps.rounds(np.array([0, span - 1]))]
        assert rounds == [count] * (1 if span <= 32 * 262144 else 2)


@pytest.mark.parametrize("bits", [0, 63, -64])
def test_a_bitmap_that_is_not_whole_words_is_refused(bits):
    with pytest.raises(ValueError, match=str(bits)):
        PageBitmaps(bits)
