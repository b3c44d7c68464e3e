"""What a duel found is the same whether it was asked in one part or in two."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from balloonkit.duel.case import DriverKick, DuelCase, DuelOutcome, Write
from balloonkit.duel.found import Duel

DONE = DuelOutcome(((0, 0, 0),), 1, (0x400,), 1, 1, False)
BROKEN = DuelOutcome((), 0, (), 0, 1, True)


@st.composite
def cases(draw):
    """A case of one of three families, of up to 20 bytes, and what QEMU made of it."""
    written = Write(0, bytes(draw(st.integers(0, 20))))
    case = DuelCase(draw(st.sampled_from("abc")), (DriverKick(0, (written,)),), 1, "")
    return case, draw(st.sampled_from([DONE, BROKEN]))


def noted(asked):
    duel = Duel("7.2.22", seed=1)
    for case, theirs in asked:
        duel.note(case, DONE, theirs)
    return duel


@given(st.lists(cases(), max_size=12), st.data())
def test_two_parts_added_are_the_whole(asked, data):
    """Counts add up, and the smallest example of each kind is as small as ever."""
    cut = data.draw(st.integers(0, len(asked)))
    whole, first = noted(asked), noted(asked[:cut])
    second = noted(asked[cut:])
    kept = copy.deepcopy(second)
    first.add(second)
    assert (first.cases, first.messages) == (whole.cases, whole.messages)
    assert first.families() == whole.families()
    for kind, seen in whole.seen.items():
        added = first.seen[kind]
        assert (added.count, added.case.size_bytes) == (seen.count, seen.case.size_bytes)
    assert second.cases == kept.cases


def test_what_was_not_asked_in_either_part_is_said():
    first, second = noted([]), noted([])
    first.skipped["a"], second.skipped["b"] = "no memory", "no card"
    first.add(second)
    assert first.skipped == {"a": "no memory", "b": "no card"}


def test_exchanges_a_second_count_what_was_asked():
    duel = noted([(DuelCase("a", (), 1, ""), DONE)] * 3)
    assert duel.per_second == 0.0
    duel.seconds = 1.5
    assert duel.per_second == 2.0
