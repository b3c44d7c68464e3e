"""The command, as a person or a script runs it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.cli import _parser, main
from balloonkit.guest import Guest, x86_zones
from balloonkit.guest.page_states import KPF_NOPAGE


def run(capsys, *arguments):
    status = main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_race_prints_a_table_that_fits_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = run(capsys, "race", "--guest", "idle-8g", "--inflate", "7GiB")
    assert status == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    for figure in ("1,835,008", "7,168", "4,126.0", "590.0", "85.7%", "costs of 2017"):
        assert figure in out


def test_race_json_has_the_promised_shape(capsys):
    _, out, _ = run(capsys, "race", "--guest", "1GiB", "--inflate", "512MiB", "--json")
    race = json.loads(out)
    assert race["inflate_pages"] == 131_072
    assert race["host"] == "model"
    assert set(race["paths"]) == {"classic", "classic_joined", "chunks", "chunks_block_alloc"}
    counts = {"pages", "messages", "bytes", "entries", "translations", "releases", "seconds"}
    counts |= {"refused_pages", "released_pages", "rejected"}
    counts |= {"told_bytes", "released_bytes", "refused_bytes"}
    stages = {"allocate", "send", "translate", "release", "total"}
    for path in race["paths"].values():
        assert counts <= set(path)
        assert set(path["seconds"]) == stages
    assert set(race["improvement"]) == {"classic_joined", "chunks", "chunks_block_alloc"}
    assert (race["device"], race["host_page_bytes"], race["replayed"]) == ("kit", 4096, False)


def test_race_takes_a_device_a_host_page_and_a_record(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    asked = ("race", "--guest", "aged-1g", "--device", "qemu", "--host-page", "64KiB", "--replay")
    status, out, _ = run(capsys, *asked)
    assert status == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    said = " ".join(out.split())
    assert "131,072" in said
    assert "277.6" in said
    assert "host pages: 64 KiB" in said
    assert "told but not released" in said
    _, out, _ = run(capsys, *asked, "--json")
    assert json.loads(out)["paths"]["classic"]["released_bytes"] == 291_045_376
    status, _, err = run(capsys, "race", "--guest", "1GiB", "--replay")
    assert status == 1
    assert "only a capture can be replayed" in err


def test_race_says_when_a_guest_had_less_to_give_than_was_asked_for(capsys):
    _, out, _ = run(capsys, "race", "--guest", "64MiB", "--inflate", "1GiB")
    assert "262,144 pages were asked for; this guest has fewer to give" in " ".join(out.split())
    _, out, _ = run(capsys, "race", "--guest", "64MiB", "--inflate", "16MiB")
    assert "asked for" not in out


@pytest.mark.parametrize("host", ["model", "madvise"])
def test_race_takes_a_format_from_a_file(capsys, monkeypatch, tmp_path, host):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = (Path(__file__).parent / "support" / "own_format.py").read_text()
    (tmp_path / f"five_bytes_{host}.py").write_text(source)
    race = ("race", "--guest", "64MiB", "--inflate", "16MiB", "--host", host)
    own = ("--format", f"{tmp_path / f'five_bytes_{host}.py'}:Pairs")
    status, out, _ = run(capsys, *race, *own)
    assert status == 0
    assert "runs of up to 255 pages" in out
    _, out, _ = run(capsys, *race, *own, "--json")
    assert json.loads(out)["paths"]["runs of up to 255 pages"]["released_pages"] == 4096
    status, _, err = run(capsys, *race, "--format", "nothing.py:Mine")
    assert (status, err) == (1, "balloonkit: format 'nothing.py:Mine': no file nothing.py\n")


@pytest.mark.parametrize("host", ["model", "madvise"])
def test_race_says_how_many_pages_the_host_refused_and_claims_no_saving(capsys, monkeypatch, host):
    free = np.zeros(1 << 15, bool)
    free[1 << 14 :] = True  # the upper half of 128 MiB, where a host of 64 MiB has no RAM
    zones = x86_zones(len(free))
    guest = Guest("misplaced", 64 << 20, free, zones)
    monkeypatch.setattr("balloonkit.race_command.find_guest", lambda *asked: guest)
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = run(capsys, "race", "--inflate", "16MiB", "--host", host)
    table = {
        line.split("│")[1].strip(): [cell.strip() for cell in line.split("│")[2:-1]]
        for line in out.splitlines()
        if "│" in line
    }
    assert status == 0
    assert table["pages told"] == table["refused"] == ["4,096"] * 4
    assert table["released"] == ["0"] * 4
    assert "the host refused pages (outside registered RAM)" in " ".join(out.split())
    assert "classic 4,096, classic_joined 4,096, chunks 4,096" in " ".join(out.split())
    assert table["saved"] == ["", "-", "-", "-"]
    if host == "madvise":
        assert table["read kept"] == ["not checked"] * 4


def test_race_on_real_memory_reports_the_resident_set(capsys):
    _, out, _ = run(capsys, "race", "--guest", "64MiB", "--host", "madvise", "--json")
    race = json.loads(out)
    assert race["host"] == "madvise"
    fallen = race["rss_bytes"]["before"] - race["rss_bytes"]["after"]
    assert fallen == pytest.approx(race["paths"]["chunks"]["pages"] * 4096, rel=0.01)


def test_predict_compares_with_what_the_guest_did(capsys):
    _, out, _ = run(capsys, "predict", "aged-1g", "--json")
    result = json.loads(out)
    assert result["pages"] == 131_072
    assert result["buddyinfo_exact"] is True
    assert result["chunks_real"] == 3985
    assert 0 < result["overlap"] <= 1
    assert result["shortfall_pages"] == 0
    status, out, _ = run(capsys, "predict", "aged-1g")
    assert status == 0
    assert "3985" in out
    assert "would need reclaim" not in out


def test_predict_says_in_words_when_the_model_stops_short(capsys, monkeypatch):
    capture = load_capture("aged-1g")
    every = np.flatnonzero(~capture.flagged("before", KPF_NOPAGE)).astype(np.uint32)  # all RAM
    monkeypatch.setattr(
        "balloonkit.cli.load_capture", lambda name: replace(capture, inflate_pfns=every)
    )
    _, out, _ = run(capsys, "predict", "any", "--json")
    result = json.loads(out)
    found = result["pages"] - result["shortfall_pages"]
    _, out, _ = run(capsys, "predict", "any")
    said = f"of {len(every):,} pages were free; the rest would need reclaim"
    assert 0 < found < len(every)
    assert said in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("race", "--guest", "nonsense"), "guest 'nonsense': give a capture"),
        (("race", "--inflate", "seven"), "size 'seven': write a number and a unit"),
        (("predict", "missing.npz"), "missing.npz: no such file"),
        (("predict", __file__), "test_cli.py: not a capture: it is no .npz archive"),
        (("site", "/proc/no-site"), "/proc/no-site"),
    ],
)
def test_a_mistake_is_said_in_one_line_with_what_to_do(capsys, arguments, said):
    status, out, err = run(capsys, *arguments)
    assert status == 1
    assert out == ""
    assert err.startswith("balloonkit: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_seed_that_is_no_number_is_shown_with_how_to_write_one(capsys):
    with pytest.raises(SystemExit):
        main(("capture", "--age", "seed=x", "out.npz"))
    assert "argument --age: 'seed=x': write a seed like seed=3" in capsys.readouterr().err


def test_importing_the_package_brings_in_no_plotting_and_no_widgets():
    code = (
        "import sys, balloonkit; "
        "print([m for m in ('matplotlib', 'ipywidgets', 'anywidget', 'rich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_what_a_captured_guest_is_left_with_is_leave_and_its_old_name_still_works(capsys):
    for words in (["--leave", "96MiB"], ["--balloon", "96MiB"], ["--balloon=96MiB"]):
        assert _parser().parse_args(["capture", *words, "x.npz"]).leave == "96MiB"
    assert _parser().parse_args(["capture", "x.npz"]).leave is None
    with pytest.raises(SystemExit):
        main(["capture", "--help"])
    said = capsys.readouterr().out
    assert "--leave" in said
    assert "--balloon" not in said
