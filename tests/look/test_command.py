"""``balloonkit look``, as a person or a script runs it."""

import io
import json
import sys
from pathlib import Path

import pytest

from balloonkit.cli import main

TEXTS = Path(__file__).parents[1] / "texts"
TEXT = TEXTS / "showmem_order5_noprefix_32g.txt"


def run(capsys, *arguments):
    status = main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_json_has_the_promised_shape(capsys):
    status, out, _ = run(capsys, "look", str(TEXT), "--inflate", "64MiB", "--json")
    answer = json.loads(out)
    assert status == 0
    promised = "node zone page_kb counts free_kb unusable fragmentation take_pages chunks"
    assert set(promised.split()) <= answer["zones"][2].keys()
    assert answer["zones"][2]["zone"] == "Normal"
    assert answer["zones"][2]["take_pages"] == 16384
    assert answer["recognised"] == ["Mem-Info"]
    assert answer["ignored"] == 0


def test_standard_input_is_read_like_a_file(capsys, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(TEXT.read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    _, from_stdin, _ = run(capsys, "look", "-", "--json")
    _, from_file, _ = run(capsys, "look", str(TEXT), "--json")
    assert from_stdin == from_file


@pytest.mark.parametrize("columns", ["0", "40", "80", "200"])
def test_tables_fit_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    status, out, _ = run(capsys, "look", str(TEXT), "--inflate", "64MiB")
    assert status == 0
    assert max(map(len, out.splitlines())) <= (int(columns) or 80)
    for said in ("HighAtomic", "by order", "classic", "Read Mem-Info"):
        assert said in out


def test_this_machine_answers_with_its_own_zones(capsys):
    status, out, _ = run(capsys, "look", "here", "--json")
    assert status == 0
    kernel = Path("/proc/buddyinfo").read_text().splitlines()
    zones = json.loads(out)["zones"]
    assert [f"Node {z['node']}, zone {z['zone']:>8}" for z in zones if z["counts"]] == [
        line[: len("Node 0, zone   Normal")] for line in kernel
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("look", "missing.txt"), "missing.txt: no such file"),
        (("look", __file__), "no free memory of any zone"),
        (("look", str(TEXT), "--order", "-2"), "order -2"),
    ],
)
def test_a_mistake_is_said_in_one_line(capsys, arguments, said):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1
