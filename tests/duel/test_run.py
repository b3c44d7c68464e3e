"""The kit's device does what QEMU's does, but for what is known."""

import pytest

from balloonkit.duel import FAMILIES, judge, run_duel
from balloonkit.duel.families import TOPICS


@pytest.mark.slow
def test_two_thousand_exchanges_hold_no_surprise(qemu):
    duel = run_duel(2000, seed=20)
    assert judge(duel).surprises == []
    assert set(duel.families()) | set(duel.skipped) == set(FAMILIES)
    assert all("huge" in reason for reason in duel.skipped.values())  # a pool that may be empty


def test_plain_traffic_agrees_without_exception(qemu):
    plain = [family.name for family in TOPICS[0].members]
    assert TOPICS[0].topic == "plain traffic"
    duel = run_duel(150, seed=7, only=plain)
    assert {differs for _, differs in duel.seen} == {""}
    assert set(duel.families()) == set(plain)


def test_the_same_seed_asks_the_same(qemu):
    runs = [run_duel(30, seed=3, only=["a few pages", "head outside the table"]) for _ in range(2)]
    assert runs[0].seen == runs[1].seen
    assert runs[0].messages == runs[1].messages == 30


def test_after_a_broken_device_the_next_exchange_begins_afresh(qemu):
    duel = run_duel(40, seed=1, only=["empty buffer", "one page"])
    broken, agreed = duel.seen["empty buffer", FOR_EMPTY], duel.seen["one page", ""]
    assert broken.count > 5
    assert agreed.count > 5
    assert len(duel.seen) == 2


FOR_EMPTY = "only QEMU breaks; only the kit returns it"


def test_progress_reaches_the_end(qemu):
    seen = []
    run_duel(5, only=["one page"], progress=lambda what, done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(6)]


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no family 'nonsense'.*one page"):
        run_duel(1, only=["nonsense"])
