"""Host pages larger than 4 KiB go only when all their parts are in the balloon."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.host.balloon_map import BalloonMap

PAGES = 64


def ranges(*pairs):
    array = np.array(pairs, np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


@st.composite
def disjoint_ranges(draw):
    """Ranges cut out of 64 pages, in any order."""
    edges = sorted(draw(st.sets(st.integers(0, PAGES), max_size=12)))
    pairs = [(a, b - a) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return draw(st.permutations(pairs))


@given(st.sampled_from([1, 4, 16]), st.lists(st.tuples(st.booleans(), disjoint_ranges())))
def test_a_host_page_goes_once_and_only_when_all_its_parts_are_ballooned(size, messages):
    balloon, ballooned = BalloonMap(PAGES, size), [False] * PAGES
    for inflate, pairs in messages:
        touched = [p for start, count in pairs for p in range(start, start + count)]
        unchanged = balloon.mark(*ranges(*pairs), ballooned=inflate)
        assert unchanged == sum(ballooned[p] == inflate for p in touched)
        for p in touched:
            ballooned[p] = inflate
        assert balloon.ballooned.tolist() == ballooned
        if not inflate:
            continue
        starts, counts = balloon.whole_host_pages(*ranges(*pairs))
        released = [
            p // size
            for start, count in zip(starts.tolist(), counts.tolist(), strict=True)
            for p in range(start, start + count, size)
        ]
        whole = {h for h in {p // size for p in touched} if all(ballooned[h * size :][:size])}
        assert sorted(released) == sorted(whole)
        assert not (starts % size).any()
        assert not (counts % size).any()


@given(st.booleans(), st.sets(st.integers(0, PAGES - 1)), st.sets(st.integers(0, PAGES - 1)))
def test_single_pages_are_marked_as_ranges_of_one_are(inflate, before, pages):
    one, other = BalloonMap(PAGES), BalloonMap(PAGES)
    one.ballooned[list(before)] = other.ballooned[list(before)] = True
    array = np.array(sorted(pages), np.int64)
    unchanged = one.mark_pages(array, inflate)
    assert unchanged == other.mark(array, np.ones_like(array), inflate)
    assert one.ballooned.tolist() == other.ballooned.tolist()


def test_a_mapping_that_ends_inside_a_host_page_is_refused():
    with pytest.raises(ValueError, match="10 pages"):
        BalloonMap(10, 4)
