"""The benchmark: both packers say the same, and the figures have their promised shape.

How fast anything is is reported by ``balloonkit bench``, never asserted.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.bench.figures import Measurement
from balloonkit.bench.inflate import measure_inflate
from balloonkit.bench.packing import (
    compile_packer,
    measure_packing,
    pack_entries,
    packed_bitmaps,
)
from balloonkit.bench.release import measure_release, releasable_size
from balloonkit.bench.run import BenchReport
from balloonkit.bench.scale import run_size
from balloonkit.host import MemoryLimitError
from balloonkit.wire.page_chunk import split_words

PACK_IN_C = compile_packer()
needs_compiler = pytest.mark.skipif(PACK_IN_C is None, reason="no C compiler here")


def silent(section, done, total):
    assert 0 < done <= total


@needs_compiler
@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 2**64 - 1, 1, 2**63]), max_size=9))
def test_c_and_numpy_write_the_same_entries_for_any_bitmap(words):
    bitmap = np.array(words, np.uint64)
    assert pack_entries(bitmap).tolist() == PACK_IN_C(bitmap).tolist()


@needs_compiler
@pytest.mark.parametrize("density", [0.001, 0.5, 0.999])
def test_c_and_numpy_write_the_same_entries_for_a_whole_bitmap(density):
    marked = np.random.default_rng(7).random(262144) < density
    bitmap = np.packbits(marked, bitorder="little").view(np.uint64)
    assert np.array_equal(pack_entries(bitmap), PACK_IN_C(bitmap))


@needs_compiler
def test_c_and_numpy_write_the_same_entries_for_real_balloons():
    for name, bitmap in packed_bitmaps().items():
        entries = pack_entries(bitmap)
        assert np.array_equal(entries, PACK_IN_C(bitmap)), name


def test_entries_are_those_a_message_carries():
    counts = {name: len(pack_entries(bitmap)) for name, bitmap in packed_bitmaps().items()}
    assert counts == {"idle-8g": 17, "aged-8g": 46_933, "alternating": 1 << 20}
    entry = pack_entries(np.array([0b1100], np.uint64))
    assert split_words((1).to_bytes(8, "little") + entry.tobytes()).tolist() == [[2 << 12, 2 << 12]]


def test_without_a_compiler_packing_is_set_against_a_floor_and_has_no_goal(monkeypatch):
    assert compile_packer("no-such-compiler") is None
    monkeypatch.setenv("CC", "no-such-compiler")
    for figure in measure_packing(silent, repeats=1):
        assert set(figure.measured) == {"numpy", "numpy_floor"}
        assert figure.met is None


def test_inflate_covers_every_path_and_both_ways_to_allocate():
    figures = {figure.name: figure for figure in measure_inflate(silent, repeats=1)}
    assert figures["classic"].at_most == 300
    assert figures["chunks"].at_most == 60
    assert figures["blocks, by call"].at_least == 20
    assert all(seconds > 0 for figure in figures.values() for seconds in figure.measured.values())


def test_a_size_reports_its_pages_and_the_peak_of_its_process():
    run = run_size("64MiB", repeats=2)
    assert run["pages"] == 14_336
    assert run["peak_bytes"] > 14_336 * 4  # its PFNs alone


def test_release_measures_both_kinds_of_page_on_real_memory():
    figures, notes = measure_release("64MiB", silent, repeats=1)
    names = [figure.name for figure in figures]
    assert names[:3] == ["small: to bare", "small: saved stage", "small: saved in all"]
    assert "huge: to bare" in names or any("huge" in note for note in notes)
    assert {"classic", "chunks"} == set(figures[1].measured)


def test_more_memory_than_the_machine_has_is_refused():
    with pytest.raises(MemoryLimitError, match="would work"):
        measure_release("1024TiB", silent)
    assert releasable_size() in {1 << shift for shift in range(26, 34)}


FIGURES = (
    Measurement("pack", "idle-8g", 2.5, "x", {"numpy": 4e-5, "C": 1.6e-5}, at_most=3.0),
    Measurement("release", "huge: saved in all", 0.5, "share", {"classic": 2.0}, at_least=0.99),
    Measurement("inflate", "chunks save", 0.95, "share", {"classic": 0.3, "chunks": 0.015}),
)
MACHINE = {"python": "3.11", "numpy": "2", "system": "Linux", "cores": 2, "load": [0.5, 1.0]}


def test_a_figure_knows_whether_it_met_its_goal():
    assert [figure.met for figure in FIGURES] == [True, False, None]


def test_a_run_is_plain_data_and_a_table_of_80_columns(capsys):
    from rich.console import Console

    bench = BenchReport(MACHINE, FIGURES, ({"size": "64MiB"},), ("no C compiler",))
    data = json.loads(json.dumps(bench.as_dict()))
    assert set(data) == {"machine", "figures", "scale", "notes"}
    keys = {"section", "name", "value", "unit", "measured", "at_most", "at_least", "met"}
    assert all(set(figure) == keys for figure in data["figures"])
    Console(width=80).print(bench.table())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for text in ("2.5 x", "<= 3 x", "NO", ">= 99%", "C 16 us", "no C compiler", "load 0.5"):
        assert text in printed
