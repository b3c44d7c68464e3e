"""The race lab: counts against the driver itself, prices against the published figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_format import Pairs

from balloonkit.guest import Guest, x86_zones
from balloonkit.guest.driver import BalloonDriver
from balloonkit.lab import RaceLab
from balloonkit.lab.lessons.the_race.model import (
    SWEEP,
    MeasuredModel,
    MeasuredRace,
    RaceModel,
    break_even,
)
from balloonkit.lab.view.controls import BUFFERS
from balloonkit.path_counts import BITS, GIB_PAGES, PageCounts, block_counts, chunk_counts
from balloonkit.race import run_race
from balloonkit.wire import PFN_ARRAY, PageBitmaps, PageChunks, pack_chunks


@pytest.fixture(scope="module")
def aged():
    return Guest.aged("8GiB", 0.3, seed=1)


@given(
    st.sets(st.integers(0, 400), min_size=1).flatmap(lambda s: st.permutations(sorted(s))),
    st.data(),
)
def test_counts_are_those_of_the_chunks_of_every_first_n_pages(order, data):
    take = data.draw(st.integers(1, len(order)))
    pages = np.array(order, np.uint32)
    joined, cut = chunk_counts(pages, [take], [64])[0]
    assert joined == len(pack_chunks(pages[:take]))
    assert cut == len(PageBitmaps(bits=64).chunks(pages[:take]))


@pytest.mark.parametrize(("bits", "join"), [(None, True), (1024, False)])
@pytest.mark.parametrize("blocks", [False, True])
def test_counts_are_those_of_the_driver(aged, bits, join, blocks):
    sent = BalloonDriver(
        aged.copy(),
        PageChunks(511, join, PageBitmaps(bits=bits or BITS[-1], max_count=64)),
        lambda queue, message: None,
        block_alloc=blocks,
    ).fill(3 * GIB_PAGES)
    counts = (
        block_counts(aged, 3, bits, 511) if blocks else PageCounts.of(aged).chunks(3, bits, 511)
    )
    for name in ("pages", "allocations", "messages", "bytes", "entries"):
        assert getattr(counts, name) == getattr(sent, name), name


def test_classic_counts_are_those_of_the_driver(aged):
    sent = BalloonDriver(aged.copy(), PFN_ARRAY, lambda queue, message: None).fill(GIB_PAGES)
    counts = PageCounts.of(aged).classic(1)
    assert (counts.pages, counts.messages, counts.bytes, counts.entries) == (
        sent.pages,
        sent.messages,
        sent.bytes,
        sent.entries,
    )


def test_defaults_are_the_race_of_2017(cells):
    view = RaceLab().stages()
    table = cells(view)
    assert not view.error
    assert table["pages"][0] == "1,835,008"
    assert table["messages"][:3] == ["7,168", "7,168", "1"]
    assert table["releases"][1] == "7,170"
    assert table["total, ms"][0] == table["total, ms"][4] == "4,126"
    assert table["total, ms"][2] == "590"
    assert table["total, ms"][5] == "about 590"


@pytest.mark.parametrize(
    ("name", "value", "row", "column"),
    [
        ("inflate_gib", 2, "pages", 0),
        ("fragmentation", 0.4, "messages", 2),
        ("kick_percent", 0, "send, ms", 0),
        ("price", "entry", "total, ms", 2),
        ("max_chunks", BUFFERS[1], "messages", 2),
        ("join", False, "translations", 2),
    ],
)
def test_every_control_moves_its_figure(name, value, row, column, cells):
    lab = RaceLab()
    lab.model.fragmentation = 0.1
    view = lab.stages()
    before, picture = cells(view)[row][column], view.panes
    setattr(lab.model, name, value)
    assert not view.error
    assert view.values[name] == value
    assert cells(view)[row][column] != before
    assert view.panes != picture


def test_a_format_of_ones_own_is_in_tables_and_pictures(cells):
    lab = RaceLab(formats=[Pairs()])
    view = lab.stages()
    assert not view.error
    heads = ("model: chunks, blocks", f"model: {Pairs.name}", "published 2017: classic")
    assert "".join(f'<th scope="col">{head}</th>' for head in heads) in view.table
    own = lab.model.counts()[Pairs.name]
    assert cells(view)["pages"] == ["1,835,008"] * 7
    assert cells(view)["bytes"][4] == f"{5 * own.entries:,}"
    lab.measured_model.size = "64MiB"
    measured = lab.measured()
    assert not measured.error
    assert f'<th scope="col">{Pairs.name}</th>' in measured.table
    assert "left out" not in measured.caption


def test_a_format_of_a_notebooks_cell_is_left_out_of_real_memory_and_said_so(monkeypatch):
    monkeypatch.setattr(Pairs, "__module__", "__main__")
    lab = RaceLab(formats=[Pairs()])
    lab.measured_model.size = "64MiB"
    view = lab.measured()
    assert not view.error
    assert f'<th scope="col">{Pairs.name}</th>' not in view.table
    assert f"{Pairs.name} is left out: write it in a module" in view.caption


def test_smaller_bitmaps_cut_more_runs_only_when_runs_are_not_joined():
    model = RaceModel(inflate_gib=7)
    assert model.counts()["chunks"].entries == 3
    model.bits = 64
    assert model.counts()["chunks"].entries == 3
    model.join = False
    assert model.counts()["chunks"].entries >= 7 * GIB_PAGES // 64


@pytest.mark.parametrize(
    ("price", "idle", "checkerboard"), [("message", 86, 60), ("entry", 86, 0), ("half", 86, 30)]
)
def test_an_idle_guest_cannot_tell_the_prices_apart_and_a_checkerboard_can(
    price, idle, checkerboard
):
    lab = RaceLab()
    lab.model.price = price
    view = lab.stages()
    assert f"Chunks save {idle}% of the classic time" in view.caption
    assert "assumed: sending is paid by" in view.caption
    lab.model.fragmentation = 1.0
    assert f"Chunks save {checkerboard}% of the classic time" in view.caption.replace("-0%", "0%")
    lab.sweep_model.price = price
    assert "Assumed: sending is paid by" in lab.sweep().caption


def test_a_free_kick_leaves_nothing_in_the_send_stage(cells):
    lab = RaceLab()
    view = lab.stages()
    lab.model.kick_percent = 0
    assert cells(view)["send, ms"][:3] == ["0", "0", "0"]


def test_the_caption_says_which_stage_the_gain_comes_from():
    lab = RaceLab()
    view = lab.stages()
    # 4126 - 590 ms: 2818, 252 and 788 - 321 of it.
    parts = "allocate 0%, send 80%, translate 7%, release 13%"
    assert f"shares of this gain: {parts}" in view.caption
    lab.model.kick_percent = 0
    parts = "allocate 0%, send 0%, translate 35%, release 65%"
    assert f"shares of this gain: {parts}" in view.caption


def test_a_guest_without_seven_gib_gives_what_it_has_and_the_view_says_so(cells):
    lab = RaceLab()
    view = lab.stages()
    lab.model.fragmentation = 1.0
    assert "ran out of pages" in view.caption
    assert int(cells(view)["pages"][0].replace(",", "")) < 7 * GIB_PAGES


def test_sweep_says_where_chunks_stop_paying(rows):
    lab = RaceLab()
    view = lab.sweep()
    assert "Time: chunks never lose" in view.caption
    assert "Bytes: chunks stop paying at fragmentation 0.39" in view.caption
    table = rows(view)
    assert [row[0] for row in table] == [f"{f:.2f}" for f in SWEEP]
    # At a checkerboard every page is a chunk of its own: 16 bytes where a PFN takes 4.
    assert table[-1][1] == table[-1][2]
    assert table[-1][-1] == "4.00"


def test_with_a_buffer_of_one_page_a_checkerboard_costs_more_than_classic(rows):
    lab = RaceLab()
    view = lab.sweep()
    lab.sweep_model.max_chunks = BUFFERS[1]
    assert "Time: chunks stop paying at fragmentation" in view.caption
    assert rows(view)[-1][-2] == "1.00"


@pytest.mark.parametrize(
    ("name", "value"),
    [("inflate_gib", 1), ("kick_percent", 10), ("price", "half"), ("join", False), ("bits", 64)],
)
def test_every_control_of_the_sweep_can_be_moved(name, value, rows):
    lab = RaceLab()
    lab.sweep_model.join = name != "bits"
    view = lab.sweep()
    before = rows(view)
    setattr(lab.sweep_model, name, value)
    assert not view.error
    assert rows(view) != before


@pytest.mark.parametrize(
    ("ratio", "place"),
    [([0.5, 0.9], None), ([0.5, 1.0], 1.0), ([1.2, 2.0], 0.0), ([0.0, 4.0], 0.25)],
)
def test_break_even_is_where_the_line_reaches_one(ratio, place):
    assert break_even([0.0, 1.0], ratio) == place


def test_the_measured_race_says_that_it_is_measured_and_never_that_it_is_a_model(cells):
    lab = RaceLab()
    lab.measured_model.size = "64MiB"
    view = lab.measured()
    assert not view.error
    assert "Measured on this machine" in view.caption
    assert "MEASURED here" in view.panes[0]["svg"]
    assert "MODEL" not in view.panes[0]["svg"]
    lab.measured_model.fragmentation = 1.0
    table = cells(view)
    assert table["translations"][0] == table["translations"][1]


def test_where_nothing_can_be_measured_the_race_is_a_model_and_says_so(monkeypatch):
    monkeypatch.setattr("balloonkit.lab.lessons.the_race.model.can_measure", lambda: False)
    lab = RaceLab()
    lab.measured_model = MeasuredModel(size="64MiB")
    view = lab.measured()
    assert "this is the model again" in view.caption
    assert "MODEL, costs of 2017" in view.panes[0]["svg"]
    assert "MEASURED" not in view.panes[0]["svg"]


def test_refused_pages_stand_in_table_caption_and_picture_and_no_saving_is_claimed(cells):
    free = np.arange(1 << 15) >= 1 << 14  # where a host of 64 MiB has no RAM
    guest = Guest("misplaced", 64 << 20, free, x86_zones(len(free)))
    lab = RaceLab()
    lab.measured_model.race = lambda: MeasuredRace(run_race(guest, "16MiB"), ())
    view = lab.measured()
    table = cells(view)
    assert table["pages"] == table["refused pages"] == ["4,096"] * 4
    assert table["released pages"] == ["0"] * 4
    assert "the host refused pages (outside registered RAM)" in view.caption
    assert "chunks save" not in view.caption
    assert "4,096 pages refused" in view.panes[0]["svg"]


@pytest.mark.parametrize(
    ("inputs", "classic", "chunks"),
    [
        ({}, (7168, 4126), (1, 590)),
        ({"kick_percent": 0}, (7168, 1308), (1, 590)),
        ({"fragmentation": 0.5}, (5857, 3371), (249, 778)),
        ({"fragmentation": 1.0}, (3883, 2235), (486, 899)),
        ({"join": False, "bits": 64}, (7168, 4126), (15, 607)),
    ],
)
def test_the_tasks_of_the_notebook_come_out_as_it_says(inputs, classic, chunks):
    model = RaceModel(**inputs)
    counts = model.counts()
    for path, stated in (("classic", classic), ("chunks", chunks)):
        total_ms = round(model.costs.stages(counts[path]).total * 1000)
        assert (counts[path].messages, total_ms) == stated


def test_blocks_save_the_first_stage_as_the_notebook_says():
    assert RaceModel().counts()["chunks_block_alloc"].allocations == 1792
    aged = RaceModel(fragmentation=0.5).counts()
    assert 1 > aged["chunks_block_alloc"].allocations / aged["chunks"].allocations > 0.5


def test_the_stages_take_a_machine_of_ones_own():
    lab = RaceLab()
    view = lab.stages()
    lab.model.machine = "Node 0, zone   Normal" + 10 * "      0" + "    300"
    assert view.error == ""
    assert "gave 1.17 GiB of 7 GiB" in view.caption
    lab.model.machine = "Node 0, zone   Normal" + 14 * "      1"
    assert "pages of 64 KiB, and this lesson counts pages of 4 KiB" in view.error
    lab.model.machine = "Node 0, zone   Normal" + 11 * "      0"
    assert view.error
