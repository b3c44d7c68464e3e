"""Pages lost, counted where an index has 32 bits, as in a browser's Python."""

import numpy as np
import pytest

from balloonkit.history import pages_lost
from balloonkit.history.loss import _expand


@pytest.fixture
def narrow(monkeypatch):
    """NumPy of a platform whose indices have 32 bits: it refuses wider counts."""
    repeat = np.repeat

    def repeat_narrow(array, repeats, axis=None):
        return repeat(array, np.asarray(repeats).astype(np.int32, casting="safe"), axis)

    monkeypatch.setattr(np, "intp", np.int32)
    monkeypatch.setattr(np, "repeat", repeat_narrow)


@pytest.mark.usefixtures("narrow")
def test_pages_are_counted_where_indices_have_32_bits():
    loss = pages_lost([0, 2, 4, 64], page_bytes=65536)
    assert loss.ballooned == 64
    assert pages_lost([0, 2, 4, 64]).lost_pfns.tolist() == [4, 64]


@pytest.mark.usefixtures("narrow")
def test_a_page_number_beyond_32_bits_keeps_its_value():
    pages = _expand(np.array([1 << 40, 7], np.int64), np.array([2, 1], np.int64))
    assert pages.tolist() == [1 << 40, (1 << 40) + 1, 7]
