"""A duel in two processes finds what it finds in one, and none of them outlives it."""

import os
import signal
import time
from pathlib import Path

import pytest

from balloonkit.duel import run, run_duel
from balloonkit.duel.lane import DuelLane, OtherLane, run_lane

NAMES = ["one page", "head outside the table"]


def lane(qemu, messages=20):
    members = tuple((n, NAMES[n % 2]) for n in range(messages))
    return DuelLane(qemu, "7.2", 1, members)


def test_two_processes_find_what_one_finds(qemu, monkeypatch):
    found = []
    for two_lanes_from in (1, 1000):
        monkeypatch.setattr(run, "_TWO_LANES_FROM", two_lanes_from)
        found.append(run_duel(60, seed=4, only=NAMES))
    two, one = found
    assert {kind: seen.count for kind, seen in two.seen.items()} == {
        kind: seen.count for kind, seen in one.seen.items()
    }
    assert (two.cases, two.messages) == (60, 60) == (one.cases, one.messages)


def test_another_process_asks_the_same_and_counts_as_it_goes(qemu):
    other = OtherLane(lane(qemu))
    try:
        found = other.result()
        assert other.done == 20
    finally:
        other.close()
    assert found.seen == run_lane(lane(qemu), lambda: None).seen


def test_a_process_that_ends_early_is_an_error_and_its_qemu_ends_too(qemu):
    other = OtherLane(lane(qemu, 100_000))
    try:
        while other.done < 2:  # the first is done
            time.sleep(0.01)
        pid = other._process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="second process ended with -9"):
            other.result()
    finally:
        other.close()
    # A signal's effect takes a moment; a process that is gone has no directory, or is a zombie.
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_text():
        time.sleep(0.01)
