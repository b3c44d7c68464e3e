"""The review lesson: posted and correct code on the same pages, fault by fault."""

import pytest

from balloonkit.history import Fault
from balloonkit.lab import ReviewLab
from balloonkit.lab.lessons.review_the_patch.cases import all_cases
from balloonkit.lab.lessons.review_the_patch.pictures import CELL_LOOKS

CASES = {case.name: case for case in all_cases()}
WIDGET = "application/vnd.jupyter.widget-view+json"


def cells_in(side, state):
    return [cell.label for cell in side.cells if cell.state == state]


def test_there_is_a_case_for_each_fault_in_the_order_of_the_review():
    assert list(CASES) == [fault.name for fault in Fault]


@pytest.mark.parametrize("name", CASES)
def test_the_correct_driver_never_loses_discards_or_repeats_a_page(name):
    states = {cell.state for cell in CASES[name].correct.cells}
    assert states <= {"told", "guest", "good"}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_by_itself_lights_at_least_one_box(name):
    states = {cell.state for cell in CASES[name].alone.cells}
    assert states & {"lost", "wrong", "again"}
    assert states <= set(CELL_LOOKS)


#: What the faults do to the boxes by themselves; literal, from the review list.
LIT = {
    "B1": ("lost", ["100", "101", "102"]),
    "B2": ("lost", ["100"]),
    "B3": ("lost", ["101"]),
    "B4": ("lost", ["4"]),
    "B5": ("lost", ["262,144"]),
    "B6": ("lost", ["0", "1"]),
    "B7": ("lost", ["0", "262,144", "300,000"]),
    "B8": ("again", ["102"]),
    "B9": ("wrong", ["100"]),
    "B10": ("lost", ["bitmap 2"]),
    "B11": ("wrong", ["entry 2,047", "entry 2,048"]),
    "B15": ("wrong", ["16 to 47", "80 to 95"]),
    "B17": ("wrong", ["0", "1", "12,288", "1,048,576"]),
}


@pytest.mark.parametrize("name", LIT)
def test_the_boxes_lit_are_the_pages_of_the_review_list(name):
    state, labels = LIT[name]
    assert cells_in(CASES[name].alone, state) == labels


def test_with_every_fault_but_b1_more_is_lost_than_with_one_alone():
    assert cells_in(CASES["B4"].posted, "lost") == ["4", "64"]
    assert CASES["B1"].posted.told == "nothing"


def test_a_verdict_names_the_pages():
    assert CASES["B4"].posted.verdict.startswith("Pages 4, 64 are given up and never told")
    assert CASES["B9"].alone.verdict == (
        "Page 100 is the guest's own, and the host discards what is in it."
    )
    assert CASES["B7"].alone.verdict.startswith("The guest's kernel stops: page 262144")
    assert "48 pages, from 256 on, are given up" in CASES["B15"].alone.verdict


def test_pages_that_do_not_touch_stand_apart():
    cells = CASES["B4"].correct.cells
    assert [cell.label for cell in cells if not cell.touches] == ["64"]


def test_the_lab_opens_at_the_fault_asked_for_and_refuses_one_that_is_not_there():
    lab = ReviewLab()
    view = lab.fault("B9")
    assert view.cases[view.chosen]["name"] == "B9"
    with pytest.raises(ValueError, match="fault 'B12': choose one of B1, B2"):
        lab.fault("B12")


def test_without_script_every_fault_can_be_read_with_hint_and_fix():
    bundle, _ = ReviewLab().fault()._repr_mimebundle_()
    assert WIDGET in bundle
    for fault in Fault:
        assert fault.story.hint in bundle["text/plain"]
        assert fault.story.fix in bundle["text/plain"]
    assert bundle["text/html"].count("<ul>") == len(Fault)


#: Pages lost on whole real guests, by what has been repaired; measured once, computed anew here.
LOST = {
    "idle-8g": (1_835_008, 70_846, 1, 0, 0),
    "aged-8g": (1_048_576, 1_047_193, 1, 0, 0),
    "aged-1g": (131_072, 130_745, 1, 0, 0),
}


@pytest.mark.parametrize("guest", LOST)
def test_a_real_guest_loses_what_the_review_says(guest):
    lab = ReviewLab()
    lab.model.guest = guest
    found = []
    for repaired in ("nothing", "B1", "B1 and B4", "B1, B4 and B3", "everything"):
        lab.model.repaired = repaired
        found.append(len(lab.model.loss().lost_pfns))
    assert tuple(found) == LOST[guest]


def test_lost_pages_are_lit_on_the_map_and_counted_in_the_caption():
    lab = ReviewLab()
    lab.model.guest = "aged-1g"
    view = lab.guest()
    assert view.caption == "aged-1g: 130,745 of 131,072 pages lost (99.8 %)"
    assert view.panes[0]["totals"][4] == 130_745
    assert view.panes[0]["lit"] == [4]

    lab.model.repaired = "everything"
    assert view.caption == "aged-1g: 0 of 131,072 pages lost"
    assert len(view.panes) == 1
