"""The race as a table: whatever is counted has its row."""

import io
from dataclasses import fields

import pytest
from rich.console import Console

from balloonkit import Guest, run_race
from balloonkit.costs import Counts
from balloonkit.race_table import _COUNTS, race_table


@pytest.fixture(scope="module")
def race():
    return run_race(Guest.idle("64MiB"), "32MiB")


def test_every_count_of_every_path_stands_in_the_table(race):
    console = Console(width=120, file=io.StringIO())
    console.print(race_table(race))
    text = console.file.getvalue()
    for report in race.reports.values():
        for field in fields(Counts):
            assert f"{getattr(report.counts, field.name):,}" in text, field.name


def test_no_count_is_without_a_row():
    assert set(_COUNTS) == {field.name for field in fields(Counts)}


def test_a_path_that_released_more_than_classic_is_not_said_to_have_released_less():
    race = run_race(Guest.idle("72MiB"), "60MiB", device="qemu", host_page="2MiB")
    released = {name: report.counts.released_pages for name, report in race.reports.items()}
    assert released["classic"] == 0 < released["chunks"]
    assert "more pages released than by classic, or fewer" in race_table(race).caption
