"""The model clock against the figures it is calibrated on."""

from dataclasses import fields

import pytest

from balloonkit.costs import COSTS_2017, GROUNDS, PRICES, Costs, Counts, costs_2017

PAGES = 1_835_008
CLASSIC = Counts(PAGES, PAGES, 7168, PAGES * 4, PAGES, PAGES, PAGES, 0, PAGES)


def chunks(**changed):
    counts = {"pages": PAGES, "allocations": PAGES, "messages": 1, "bytes": 8 + 17 * 16}
    counts |= {"entries": 17, "translations": 17, "releases": 17}
    return Counts(**(counts | {"refused_pages": 0, "released_pages": PAGES} | changed))


@pytest.mark.parametrize("price", PRICES)
def test_the_classic_path_takes_4126_ms_with_the_published_shares_at_any_price(price):
    stages = costs_2017(price).stages(CLASSIC)
    assert round(stages.total * 1000) == 4126
    shares = [100 * s / stages.total for s in (stages.allocate, stages.send, stages.translate)]
    assert shares == pytest.approx([6.5, 68.3, 6.1], abs=0.05)
    assert round(100 * stages.release / stages.total) == 19


def test_the_published_unit_costs_come_out():
    assert COSTS_2017.allocation_s == pytest.approx(0.146e-6, abs=0.5e-9)
    assert COSTS_2017.message_s == pytest.approx(0.393e-3, abs=0.5e-6)
    assert COSTS_2017.translation_s == pytest.approx(0.137e-6, abs=0.5e-9)


@pytest.mark.parametrize("price", PRICES)
def test_the_chunk_path_takes_about_590_ms_and_saves_about_85_percent_at_any_price(price):
    total = costs_2017(price).stages(chunks()).total
    assert round(total * 1000) == 590
    assert 1 - total / COSTS_2017.stages(CLASSIC).total == pytest.approx(0.857, abs=0.001)


@pytest.mark.parametrize("price", PRICES)
def test_no_unit_cost_is_negative_and_sending_costs_something(price):
    costs = costs_2017(price)
    assert min(vars(costs).values()) >= 0
    assert costs.message_s + costs.entry_s > 0


def test_an_unknown_price_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="price 'byte': choose from message, entry, half"):
        costs_2017("byte")


def test_the_parts_of_a_report_make_up_its_total():
    stages = COSTS_2017.stages(chunks(messages=3, releases=1000)).as_dict()
    total = stages.pop("total")
    assert sum(stages.values()) == pytest.approx(total)


def test_a_page_that_was_refused_costs_no_release():
    refused = {"refused_pages": PAGES, "released_pages": 0, "releases": 0}
    assert COSTS_2017.stages(chunks(**refused)).release == 0


def test_each_unit_cost_says_what_it_rests_on():
    assert set(GROUNDS) == {field.name for field in fields(Costs)}
    for said in GROUNDS.values():
        assert said.split()[0].rstrip(":") in ("fitted", "assumed", "measured")
