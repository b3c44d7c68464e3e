"""The vectors that are shipped say all a device needs, and say what both devices do."""

import json
from pathlib import Path

import pytest

from balloonkit.cli import main
from balloonkit.duel import vectors as module
from balloonkit.duel.families import FAMILIES
from balloonkit.duel.page import fill
from balloonkit.duel.sides import KitSide, QemuSide
from balloonkit.duel.vectors import FORMAT, case_of
from balloonkit.host.qemu import qemu_version

DOCS = Path(__file__).parents[2] / "docs"
SHIPPED = json.loads((DOCS / "_static/duel-vectors.json").read_text("utf-8"))
SETUPS = {family.setup.name: family.setup for family in FAMILIES.values()}


def replay(side_of, name):
    """Run every shipped vector of one side; return those that went another way than recorded."""
    wrong = []
    for setup in SETUPS.values():
        try:
            side = side_of(setup)
        except OSError:
            if setup.name != "huge":  # its pool may be empty
                raise
            continue
        for vector in SHIPPED["vectors"]:
            if vector["setup"] == setup.name:
                side.start()
                if side.run(case_of(vector)).as_dict() != vector["outcomes"][name]:
                    wrong.append(vector["name"])
        side.close()
    return wrong


def test_the_kit_s_device_does_what_is_recorded():
    assert replay(KitSide, "balloonkit") == []


def test_qemu_s_device_does_what_is_recorded(qemu):
    recorded = SHIPPED["made_with"]["qemu"]
    if qemu_version(qemu).split(".")[:2] != recorded.split(".")[:2]:
        pytest.skip(f"recorded with {recorded}")
    assert replay(lambda setup: QemuSide(setup, qemu), "qemu") == []


def test_every_family_has_a_vector():
    assert SHIPPED["format"] == FORMAT
    assert {vector["family"] for vector in SHIPPED["vectors"]} == set(FAMILIES)
    assert SHIPPED["not_asked"] == {}


def test_rules_and_reasons_are_those_of_the_families():
    for vector in SHIPPED["vectors"]:
        family = FAMILIES[vector["family"]]
        assert (vector["section"], vector["rule"]) == (family.section, family.rule)
        assert bool(vector["difference"]) == bool(vector["why"])


def test_every_set_up_of_a_vector_is_described():
    for name, setup in SHIPPED["setups"].items():
        assert [int(gpa, 16) for gpa, _ in setup["ram"]] == [r.gpa for r in SETUPS[name].regions]
        assert setup["host_page_bytes"] == SETUPS[name].host_page_bytes
    assert {vector["setup"] for vector in SHIPPED["vectors"]} <= set(SHIPPED["setups"])


def test_the_page_shows_the_tables_of_the_vectors():
    page = (DOCS / "conformance.md").read_text("utf-8")
    assert fill(page, SHIPPED["vectors"]) == page


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="no marks for the table of differences"):
        fill("# A page\n", [])


def test_the_command_writes_a_file_that_reads_back(qemu, tmp_path, capsys, monkeypatch):
    few = {name: FAMILIES[name] for name in ("one page", "empty buffer")}
    monkeypatch.setattr(module, "FAMILIES", few)
    out = tmp_path / "vectors.json"
    assert main(["duel", "--vectors", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 4 vectors\n"
    written = json.loads(out.read_text("utf-8"))
    assert [vector["family"] for vector in written["vectors"]] == ["one page"] * 2 + [
        "empty buffer"
    ] * 2
    assert written["vectors"][3]["difference"] == "only QEMU breaks; only the kit returns it"
    assert case_of(written["vectors"][0]).kicks[0].queue == 0
