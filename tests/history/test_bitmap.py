import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.history.bitmap import SparseBitmap


@given(st.sets(st.integers(0, 70)), st.integers(0, 70), st.integers(0, 80))
def test_both_searches_answer_as_a_walk_over_the_bits(
    positions: set[int], size: int, start: int
) -> None:
    bitmap = SparseBitmap(np.array(sorted(positions), np.int64))
    ones = [bit for bit in range(start, size) if bit in positions]
    zeros = [bit for bit in range(start, size) if bit not in positions]
    assert bitmap.next_one(size, start) == (ones[0] if ones else size)
    assert min(bitmap.next_zero(size, start), size) == (zeros[0] if zeros else size)
