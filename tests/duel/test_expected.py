"""Expected differences are data, and every entry is one that can be seen."""

import pytest

from balloonkit.duel.case import DuelCase, DuelOutcome
from balloonkit.duel.expected import _lists, expected_differences, surprises
from balloonkit.duel.families import FAMILIES
from balloonkit.duel.found import Duel

DONE = DuelOutcome(((0, 0, 0),), 1, (0x400,), 1, 1, False)
BROKEN = DuelOutcome((), 0, (), 0, 1, True)


def duel(*families):
    """A duel in which every named family broke QEMU, and one page agreed."""
    made = Duel("7.2.22", seed=1)
    for family in families:
        made.note(
            DuelCase(family, (), 1, ""), DuelOutcome(((0, 0, 0),), 1, (), 0, 1, False), BROKEN
        )
    made.note(DuelCase("one page", (), 1, ""), DONE, DONE)
    return made


@pytest.mark.parametrize("version", _lists())
def test_each_expected_difference_belongs_to_a_family_and_says_why(version):
    listed = _lists()[version]
    assert len({one.family for one in listed}) == len(listed)
    for one in listed:
        assert one.family in FAMILIES
        assert one.difference
        assert one.why.endswith(".")
        assert one.follows in ("the kit", "QEMU", "both")


@pytest.mark.parametrize(("asked", "holds"), [("7.2.22", "7.2"), ("11.0.0", "7.2"), ("5.2", "7.2")])
def test_the_latest_list_not_after_a_version_holds_for_it(asked, holds):
    assert expected_differences(asked)[0] == holds


def test_what_is_expected_and_comes_is_no_surprise():
    _, expected = expected_differences("7.2.22")
    assert surprises(duel("empty buffer"), expected.values()) == []


def test_a_difference_nobody_expects_is_a_surprise():
    _, expected = expected_differences("7.2.22")
    (surprise,) = surprises(duel("empty buffer", "deflate"), expected.values())
    assert str(surprise) == (
        "deflate: only QEMU breaks; only the kit returns it, but expected: both do the same"
    )


def test_an_expected_difference_that_does_not_come_is_a_surprise():
    _, expected = expected_differences("7.2.22")
    made = duel()
    made.note(DuelCase("empty buffer", (), 1, ""), DONE, DONE)
    (surprise,) = surprises(made, expected.values())
    assert str(surprise).startswith("empty buffer: both do the same, but expected: only QEMU")
