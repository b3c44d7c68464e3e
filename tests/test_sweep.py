"""Sweeps: one tidy table, whatever runs the points and however often it was interrupted."""

import csv
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from balloonkit.costs import PRICES
from balloonkit.sweep import COLUMNS, sweep

GRID = {"guest": ["64MiB"], "inflate": ["16MiB", "32MiB"], "fragmentation": [0, 0.5]}


def test_a_row_per_point_in_the_order_of_the_grid():
    rows = sweep(GRID)
    assert [(r["inflate"] >> 20, r["fragmentation"], r["path"]) for r in rows] == [
        (mib, share, path)
        for mib in (16, 32)
        for share in (0.0, 0.5)
        for path in ("classic", "chunks")
    ]
    assert {tuple(row) for row in rows} == {COLUMNS}
    classic, chunks = rows[4:6]
    assert (classic["pages"], classic["messages"], classic["entries"]) == (8192, 32, 8192)
    assert (chunks["pages"], chunks["messages"]) == (8192, 1)
    assert chunks["total_s"] < classic["total_s"]


def test_the_kick_cost_prices_messages_and_nothing_else():
    cheap, dear = sweep({"guest": ["64MiB"], "inflate": ["32MiB"], "kick_us": [1, 1000]})[::2]
    assert dear["send_s"] == pytest.approx(1000 * cheap["send_s"]) == pytest.approx(32e-3)
    assert dear["release_s"] == cheap["release_s"]


def test_fewer_bitmaps_mean_more_rounds_and_the_same_chunks():
    # An idle guest gives 5 GiB from 4 GiB upwards; one bitmap covers 1 GiB.
    grid = {"guest": ["8GiB"], "inflate": ["5GiB"], "bitmaps": [1, 3, 32], "path": ["chunks"]}
    rows = sweep(grid)
    assert [row["rounds"] for row in rows] == [5, 2, 1]
    assert len({row["entries"] for row in rows}) == 1


def test_larger_guest_pages_are_sent_as_4_kib_pages():
    rows = sweep({"guest": ["64MiB"], "inflate": ["16MiB"], "page_kib": [4, 64]})
    assert {row["pages"] for row in rows} == {4096}
    assert rows[2]["allocations"] == 256


@pytest.mark.parametrize(
    "pool",
    [
        lambda: ThreadPoolExecutor(2),
        lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    ],
    ids=["threads", "processes"],
)
def test_every_executor_gives_the_rows_of_a_run_without_one(pool):
    with pool() as executor:
        assert sweep(GRID, executor) == sweep(GRID)


def test_a_dask_cluster_is_an_executor_like_any_other(tmp_path):
    distributed = pytest.importorskip("distributed", reason="comes with the test extra")
    import dask

    with (
        dask.config.set(temporary_directory=str(tmp_path)),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        assert sweep(GRID, executor) == sweep(GRID)


def test_a_point_that_has_a_row_is_not_run_again(tmp_path):
    table = tmp_path / "sweep.csv"
    first = sweep({**GRID, "inflate": ["16MiB"]}, resume=table)
    # Only a row that is taken from the file can carry this mark.
    table.write_text(table.read_text().replace(",4096,", ",4095,"))
    rows = sweep(GRID, resume=table)
    assert [row["pages"] for row in rows] == [4095] * 4 + [8192] * 4
    assert [row["total_s"] for row in rows[:4]] == [row["total_s"] for row in first]
    assert sweep(GRID, resume=table) == rows
    with table.open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(rows)


@pytest.mark.parametrize("lost_characters", [1, 30])
def test_a_row_cut_short_by_a_kill_is_run_again(tmp_path, lost_characters):
    table = tmp_path / "sweep.csv"
    rows = sweep(GRID, resume=table)
    whole = table.read_text()
    table.write_text(whole[:-lost_characters])
    assert sweep(GRID, resume=table) == rows
    assert table.read_text() == whole


def test_a_file_that_is_no_sweep_is_refused_and_left_alone(tmp_path):
    notes = tmp_path / "notes.csv"
    notes.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"notes\.csv"):
        sweep(GRID, resume=notes)
    assert notes.read_text() == "a,b\n1,2\n"


def test_a_point_that_fails_costs_no_other_point(tmp_path):
    table = tmp_path / "sweep.csv"
    # 4100 KiB are whole pages of 4 KiB, but not of 64.
    grid = {"guest": ["64MiB"], "inflate": ["4100KiB"], "page_kib": [64, 4], "path": ["chunks"]}
    with pytest.raises(ExceptionGroup, match="1 of 2 points") as caught:
        sweep(grid, resume=table)
    (error,) = caught.value.exceptions
    assert "'page_kib': 64" in error.__notes__[0]
    assert len(table.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("grid", "named"),
    [
        ({"colour": [1]}, "colour"),
        ({"bitmaps": []}, "bitmaps"),
        ({"path": ["morse"]}, "morse"),
        ({"inflate": ["7 elephants"]}, "elephants"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused_by_name(grid, named):
    with pytest.raises(ValueError, match=named):
        sweep(grid)


def test_a_picture_with_more_lines_than_can_be_told_apart_is_refused():
    charts = pytest.importorskip("balloonkit.lab.view.charts")
    from balloonkit.lab.lessons.the_race.sweep_chart import draw_sweep

    rows = sweep({"guest": ["64MiB"], "inflate": ["1MiB"], "bitmaps": [1, 2, 3, 4, 5]})
    _, axes = charts.new_chart()
    with pytest.raises(ValueError, match="10 lines by bitmaps, path"):
        draw_sweep(axes, rows)


@pytest.mark.parametrize("paths", [["chunks"], ["chunks", "classic"], ["chunks_block_alloc"]])
def test_a_line_for_each_path_has_the_colour_of_its_path(paths):
    charts = pytest.importorskip("balloonkit.lab.view.charts")
    from balloonkit.lab.lessons.the_race.sweep_chart import draw_sweep
    from balloonkit.lab.view.palette import PATH_LOOKS

    rows = sweep({"guest": ["64MiB"], "inflate": ["1MiB"], "path": paths})
    _, axes = charts.new_chart()
    draw_sweep(axes, rows)
    assert [line.get_color() for line in axes.lines] == [PATH_LOOKS[p].colour for p in paths]


def test_what_sending_is_paid_by_is_an_axis_and_decides_a_checkerboard():
    rows = sweep({"guest": ["64MiB"], "inflate": ["28MiB"], "fragmentation": [1], "price": PRICES})
    classic, chunks = rows[::2], rows[1::2]
    saved = [1 - c["total_s"] / p["total_s"] for p, c in zip(classic, chunks, strict=True)]
    assert saved[0] > 0.5 > saved[2] > 0.1 > saved[1]
    assert [row["kick_us"] for row in classic] == [393.1, 0, 196.6]
    with pytest.raises(ValueError, match="price 'byte': choose from message, entry, half"):
        sweep({"price": ["byte"]})
