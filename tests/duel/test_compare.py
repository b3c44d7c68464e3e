"""Two outcomes are the same, or the difference has a name."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.duel.case import DuelOutcome, ReturnedBuffer, pfn_ranges
from balloonkit.duel.compare import difference

OUTCOMES = st.builds(
    DuelOutcome,
    returned=st.lists(
        st.builds(ReturnedBuffer, st.integers(0, 2), st.integers(0, 3), st.just(0))
    ).map(tuple),
    returned_count=st.integers(0, 4),
    released=st.sets(st.integers(0, 9)).map(lambda pfns: tuple(sorted(pfns))),
    releases=st.integers(0, 4),
    interrupts=st.integers(0, 2),
    needs_reset=st.booleans(),
)
DONE = DuelOutcome((ReturnedBuffer(0, 0, 0),), 1, (0x400,), 1, 1, False)


@given(OUTCOMES, OUTCOMES)
def test_there_is_a_name_unless_all_that_counts_is_equal(kit, qemu):
    """Release calls count only where the same pages went: with others, they differ anyway."""
    if kit.released != qemu.released:
        kit, qemu = replace(kit, releases=0), replace(qemu, releases=0)
    assert (difference(kit, qemu) == "") == (kit == qemu)


@given(OUTCOMES, OUTCOMES)
def test_who_is_who_shows_in_the_name(kit, qemu):
    def swapped(text):
        return text.replace("the kit", "X").replace("QEMU", "the kit").replace("X", "QEMU")

    assert difference(qemu, kit) == swapped(difference(kit, qemu))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"needs_reset": True}, "only QEMU breaks"),
        ({"returned": (ReturnedBuffer(0, 1, 0),)}, "each returns otherwise"),
        ({"returned": (), "returned_count": 0}, "only the kit returns it"),
        ({"released": (0x400, 0x500)}, "QEMU releases more"),
        ({"released": ()}, "only the kit releases"),
        ({"released": (0x500,)}, "each releases other pages"),
        ({"releases": 2}, "QEMU makes more release calls"),
        ({"interrupts": 0}, "only the kit interrupts"),
    ],
)
def test_each_part_of_an_outcome_has_its_words(changed, name):
    assert difference(DONE, replace(DONE, **changed)) == name


def test_an_error_of_ours_is_named_before_all():
    assert difference(replace(DONE, raised="IndexError"), DONE) == "the kit raises IndexError"


@given(st.sets(st.integers(0, 50)))
def test_ranges_name_the_same_pages(pfns):
    ranges = pfn_ranges(tuple(sorted(pfns)))
    assert [p for first, n in ranges for p in range(first, first + n)] == sorted(pfns)
