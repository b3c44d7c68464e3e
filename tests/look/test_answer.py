"""What a text means, against answers worked out by hand."""

import json
from pathlib import Path

import pytest

from balloonkit.captures.texts import read_texts
from balloonkit.look import look_at

TEXTS = Path(__file__).parents[1] / "texts"
RIGHT = json.loads((TEXTS / "right_values.json").read_text())


def look(name, **wanted):
    return look_at(read_texts((TEXTS / name).read_bytes()), **wanted)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, zones in RIGHT.items() for key in zones]
)
def test_indices_and_chunks_are_the_right_values_number_for_number(name, key):
    right = RIGHT[name][key]
    inflate = right["balloon_pages"] * right["page_kb"] << 10
    answers = {
        f"{z['node']}/{z['zone']}": z for z in look(name, inflate=inflate).as_dict()["zones"]
    }
    zone = answers[key]
    assert list(zone["unusable"]) == right["unusable"]
    assert list(zone["fragmentation"]) == right["fragmentation"]
    assert zone["free_kb"] == right["free_kb"]
    assert zone["take_pages"] == right["balloon_pages"]
    assert list(zone["chunks"]) == right["chunks_page_by_page"]
    assert zone["blocks_largest_first"] == right["blocks_largest_first"]


def test_the_order_5_request_fails_in_every_zone_as_the_kernel_said():
    answer = look("showmem_order5_noprefix_32g.txt", order=0)
    failed = [zone.served[1] for zone in answer.zones]
    assert [(s.order, s.can) for s in failed] == [(5, False)] * 3
    assert "all HighAtomic" in failed[2].why


def test_a_balloon_gets_nothing_where_every_zone_is_below_its_watermark_and_reserve():
    plan = look("showmem_order0_highatomic_16g.txt", inflate="1GiB").forecast
    assert plan.given_kb == 0
    assert plan.chunks == (0, 0)
    assert any("262,144 pages were asked for and the zones give 0" in note for note in plan.notes)


def test_blocks_that_are_all_cma_are_for_the_kernel_to_decide():
    zone = look("showmem_arm64_64k_cma_2g.txt", order=10).zones[0]
    assert zone.served[0].can is None
    assert "all CMA" in zone.served[0].why


def test_isolated_blocks_are_kept_from_a_balloon():
    node_1 = look("pagetypeinfo_vm_2node_16g_linux66.txt", inflate="16GiB")
    assert node_1.forecast.by_zone[1, "Normal"] == 1924713 - 3 * 1024


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"order": -1}, "order -1"),
        ({"inflate": "seven"}, "write a number and a unit"),
        ({"inflate": "4KiB"}, "4 KiB: not whole pages of 64 KiB"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_value(wanted, said):
    with pytest.raises(ValueError, match=said):
        look("showmem_arm64_64k_cma_2g.txt", **wanted)


def test_a_text_without_blocks_says_so_in_the_answer():
    zone = look("zoneinfo_vm_2node_16g_linux66.txt").zones[2].as_dict()
    assert (zone["counts"], zone["chunks"], zone["free_kb"]) == (None, None, 5443344)
    assert zone["requests"][0]["can"] is None
