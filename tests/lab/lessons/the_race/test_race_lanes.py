"""The race's widget without a browser: what it sends, and its static copy."""

import pytest
import traitlets

from balloonkit.costs import COSTS_2017
from balloonkit.lab import RaceLab, Welcome
from balloonkit.lab.lab import View
from balloonkit.lab.lessons.the_race.race_lanes import RaceLanes
from balloonkit.publish.page import STEPS_ALONE


@pytest.mark.parametrize("lab", [Welcome, RaceLab])
def test_index_and_race_begin_with_it(lab):
    assert lab.steps[0] == "lanes"
    race = lab().lanes()
    assert isinstance(race, RaceLanes)
    assert isinstance(race, View)


def test_it_runs_on_a_page_without_a_kernel():
    assert RaceLanes()._anywidget_id in STEPS_ALONE


def test_the_browser_gets_the_prices_and_has_none_of_its_own():
    race = RaceLanes()
    assert {lane["kick_s"] for lane in race.lanes} == {COSTS_2017.message_s}
    for number in ("393", "4.126", "0.59", "7168", "1835008", "268"):
        assert number not in race._esm


def test_the_static_copy_says_numbers_sources_and_assumptions():
    race = RaceLanes()
    data = race.static()
    for text in data.values():
        assert "4.126" in text
        assert "0.590" in text
        assert "Assumed: sending is paid by the bell" in text
        assert "stages and total as published in 2017" in text
    race.kick_percent = 0
    assert "a bell at 0 % of its price" in race.static()["text/html"]
    assert "1.308" in race.caption


def test_a_price_outside_the_slider_is_refused():
    with pytest.raises(traitlets.TraitError):
        RaceLanes().kick_percent = 201
