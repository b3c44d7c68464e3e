"""The race's lanes: their moments against a walk message by message, and the figures of 2017."""

import json
from dataclasses import replace

import lanes_golden
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.costs import CHUNKS_TOTAL_2017_S, CLASSIC_2017_S, COSTS_2017, Costs, Counts
from balloonkit.guest import Guest
from balloonkit.lab.lessons.the_race.lanes import RaceLane, lanes_2017, lanes_table
from balloonkit.race import run_race

SECONDS = st.floats(1e-6, 1)


@pytest.fixture
def lanes():
    return lanes_2017()


def test_the_lanes_are_the_race_of_2017(lanes):
    classic, chunks = lanes
    assert (classic.counts.messages, chunks.counts.messages) == (7168, 1)
    assert classic.stages().as_dict() == pytest.approx(CLASSIC_2017_S.as_dict())
    assert round(chunks.milestones().total_s, 3) == CHUNKS_TOTAL_2017_S


def test_each_lane_says_which_of_its_figures_were_published(lanes):
    classic, chunks = lanes
    assert classic.source == "stages and total as published in 2017"
    assert "about 590 ms" in chunks.source
    assert "stages were not, they are this kit's model" in chunks.source


def test_a_lane_counts_what_the_driver_does():
    race = run_race(Guest.idle("64MiB"), "32MiB")
    lane = RaceLane("classic", race.reports["classic"].counts, COSTS_2017, "")
    assert lane.stages() == race.reports["classic"].model


def test_the_golden_lanes_are_those_of_today():
    assert json.loads(json.dumps(lanes_golden.made())) == json.loads(lanes_golden.PATH.read_text())


@given(
    st.integers(1, 40),
    st.integers(1, 300),
    st.lists(SECONDS, min_size=6, max_size=6),
    st.integers(0, 200),
)
def test_a_lane_is_as_far_at_its_milestones_as_a_walk_through_its_messages(
    messages, each, prices, percent
):
    pages = messages * each
    counts = Counts(pages, pages, messages, 0, pages, pages, pages, 0, pages)
    lane = RaceLane("any", counts, Costs(*prices), "")
    reached, nudge = lane.milestones(percent), 1e-6
    at = {s: lanes_golden.walk(lane, percent, s) for s in lanes_moments(reached, nudge)}
    assert at[reached.first_ring_s * (1 - nudge)]["kicks"] == 0
    assert at[reached.first_ring_s * (1 + nudge)]["kicks"] == 1
    assert at[reached.last_ring_s * (1 - nudge)]["kicks"] == messages - 1
    assert at[reached.last_ring_s * (1 + nudge)]["kicks"] == messages
    assert at[reached.total_s * (1 - nudge)]["stage"] is not None
    assert at[reached.total_s * (1 + nudge)]["stage"] is None
    before, after = (at[reached.ends_s["allocate"] * (1 + by)] for by in (-nudge, nudge))
    assert before["allocated"] < after["allocated"] == pages


def lanes_moments(reached, nudge):
    moments = (reached.first_ring_s, reached.last_ring_s, *reached.ends_s.values())
    return [moment * (1 + by) for moment in moments for by in (-nudge, nudge)]


def test_a_last_message_that_is_shorter_is_refused_with_what_to_do():
    counts = replace(lanes_2017()[0].counts, pages=1000, messages=3)
    with pytest.raises(ValueError, match=r"1,000 pages in 3 messages; .* choose a size"):
        RaceLane("classic", counts, COSTS_2017, "")


def test_the_table_says_when_each_lane_rings_and_each_stage_ends(lanes):
    table = lanes_table(lanes)
    rows = {row[0]: row[1:] for row in table.texts()}
    assert rows["rings"] == ["7,168", "1"]
    assert rows["total, s"] == ["4.126", "0.590"]
    assert rows["last ring, s"][1] == rows["first ring, s"][1] == rows["allocate ends, s"][1]
    assert float(rows["release ends, s"][0]) == pytest.approx(4.126)
    assert "classic, 7,168 rings, done at 4.126 s; chunks, 1 ring, done at 0.590 s" in table.caption


def test_the_price_of_a_bell_moves_both_lanes_and_the_table_says_so(lanes):
    silent, dear = lanes_table(lanes, 0), lanes_table(lanes, 200)
    assert "with a bell at 0 % of its price" in silent.caption
    assert silent.texts()[-1] == ["total, s", "1.308", "0.590"]
    assert dear.texts()[-1] == ["total, s", "6.944", "0.590"]
    chunk_ends = [lane.milestones(percent).total_s for lane in lanes[1:] for percent in (0, 200)]
    assert chunk_ends[1] - chunk_ends[0] == pytest.approx(2 * COSTS_2017.message_s)
