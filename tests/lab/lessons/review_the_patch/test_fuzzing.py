"""The coda: faults of a driver are found by its device, and what was not asked for is said."""

import numpy as np
import pytest

from balloonkit.lab import ReviewLab
from balloonkit.lab.lessons.review_the_patch.fuzzing import FAULTS, PLACES, FuzzModel
from balloonkit.lab.lessons.review_the_patch.pictures import show_fuzz
from balloonkit.wire import PageBitmaps
from balloonkit.wire.formats import PageChunks


@pytest.fixture
def view():
    return ReviewLab().fuzz()


def test_the_sound_driver_has_twelve_sound_rounds_and_no_lit_cell(view):
    assert "12 rounds in this kit's model, seed 1: driver and device name the same" in view.caption
    assert all(row[5:] == ["0", "0", "nothing"] for row in show_fuzz(view.result)[1].texts())


@pytest.mark.parametrize(
    ("fault", "lost", "corrupted"),
    [("forgets a message's last chunk", True, False), ("last chunk a page too long", False, True)],
)
def test_a_fault_is_found_in_the_first_round_and_drawn(fault, lost, corrupted):
    lab = ReviewLab()
    view = lab.fuzz()
    lab.fuzz_model.fault = fault
    assert "not sound, the first is round 1" in view.caption
    first = view.result.rounds[0]
    assert (len(first.lost_pfns) > 0, len(first.corrupted_pfns) > 0) == (lost, corrupted)
    page_map = show_fuzz(view.result)[0][0]
    assert page_map.totals[3] == len(first.lost_pfns)
    assert page_map.totals[4] == len(first.corrupted_pfns)


def test_where_no_kernel_boots_the_model_stands_in_and_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    model = FuzzModel()
    model.place = PLACES[1]
    fuzzed = model.run()
    assert fuzzed.place == PLACES[0]
    assert fuzzed.note.startswith("no kernel here:")


def test_a_format_of_ones_own_is_fuzzed_and_the_kits_faults_are_not(monkeypatch):
    made = []

    def mine(bits, chunks):
        made.append((bits, chunks))
        return PageChunks(chunks, bitmaps=PageBitmaps(bits))

    model = FuzzModel(mine)
    model.fault = list(FAULTS)[1]
    fuzzed = model.run()
    assert len(made) == 4
    assert "yours is fuzzed" in fuzzed.note
    assert all(one.sound for one in fuzzed.rounds)


def test_no_fault_changes_what_it_is_given():
    chunks = np.array([[4, 2], [9, 1]], np.uint64)
    for change in FAULTS.values():
        change(chunks)
    assert chunks.tolist() == [[4, 2], [9, 1]]
