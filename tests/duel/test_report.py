"""A duel's tables and plain data say the same, and an unexpected finding shows in both."""

import json

import pytest
from rich.console import Console

from balloonkit.cli import main
from balloonkit.duel import report
from balloonkit.duel.run import run_duel


@pytest.fixture(scope="module")
def verdict(qemu):
    return report.judge(
        run_duel(60, seed=2, only=["one page", "empty buffer", "buffer in no memory"])
    )


def shown(*tables):
    console = Console(width=80, record=True, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(*tables)
    return capture.get()


def test_tables_hold_each_family_and_fit_eighty_columns(verdict):
    text = shown(report.agreements_table(verdict.duel), report.differences_table(verdict))
    for words in ("one page", "empty buffer", "only QEMU releases", "VIRTIO 1.2, 2.7.5"):
        assert words in text
    assert "NOT EXPECTED" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_smallest_example_is_shown_with_what_each_side_did(verdict):
    kinds = {kind["family"]: kind for kind in report.as_dict(verdict)["kinds"]}
    empty = kinds["empty buffer"]
    assert empty["example"] == "d0 0x40000+0; offer 0 on 0; kick 0"
    assert empty["kit"]["returned"] == [[0, 0, 0]]
    assert empty["qemu"] == {
        "returned": [],
        "returned_count": 0,
        "released": [],
        "releases": 0,
        "interrupts": 1,
        "needs_reset": True,
    }
    assert kinds["buffer in no memory"]["qemu"]["released"] == [[0, 1]]


def test_the_summary_counts(verdict):
    assert verdict.summary.startswith("QEMU ")
    assert ": 60 exchanges (60 messages) of 3 families in " in verdict.summary
    assert (
        verdict.summary.endswith("2 kinds of difference, 0 not expected")
        or "by the list" in verdict.summary
    )


def test_a_version_without_a_list_is_measured_by_another_and_says_so(verdict, monkeypatch):
    monkeypatch.setattr(verdict.duel, "qemu_version", "99.1.0")
    other = report.judge(verdict.duel)
    assert "by the list for 7.2: there is none for this version" in other.summary


def test_the_command_prints_data_and_succeeds(qemu, capsys):
    assert main(["duel", "--messages", "4", "--family", "one page", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["exchanges"], data["unexpected"], data["not_asked"]) == (4, [], {})


def test_the_command_fails_on_what_is_not_expected(qemu, capsys, monkeypatch):
    monkeypatch.setattr(report, "surprises", lambda duel, expected: ["one page: other, but ..."])
    assert main(["duel", "--messages", "4", "--family", "one page"]) == 1
    captured = capsys.readouterr()
    assert "1 not expected" in captured.out
    assert captured.err == "balloonkit: not expected: one page: other, but ...\n"


def test_the_command_without_qemu_says_how_to_get_one(capsys):
    assert main(["duel", "--qemu", "/nowhere/qemu"]) == 1
    assert "no program /nowhere/qemu: apt-get install" in capsys.readouterr().err
