"""``balloonkit messages``, on this kit's device."""

import json

import pytest

from balloonkit.cli import main
from balloonkit.messages import SIZES_PFNS, time_device


def test_each_length_is_timed_as_often_as_asked_over_more_than_one_guest():
    rounds = 14  # a guest of 16 MiB has pages for twelve
    times_s = time_device(rounds)
    assert {pfns: len(times) for pfns, times in times_s.items()} == dict.fromkeys(
        SIZES_PFNS, rounds
    )
    assert min(min(times) for times in times_s.values()) > 0


def test_the_command_tells_measured_from_assumed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["messages", "--rounds", "1"]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    said = " ".join(out.split())
    assert "Measured: an entry holds its look-up" in said
    assert "2017, assumed" in said
    assert "of 10 rounds at least" in said
    assert main(["messages", "--rounds", "1", "--json"]) == 0
    [fit] = json.loads(capsys.readouterr().out).values()
    assert set(fit["medians_s"]) == {str(pfns) for pfns in SIZES_PFNS}
    with pytest.raises(SystemExit):
        main(["messages", "--rounds", "0"])
    assert "'0': give a whole number from 1 on" in capsys.readouterr().err
