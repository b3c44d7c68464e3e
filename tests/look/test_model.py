"""Guests made from texts, against what the kernel did and what the answer foretells."""

import json
from pathlib import Path

import pytest

from balloonkit.captures.texts import TextError, read_texts
from balloonkit.find import find_guest
from balloonkit.guest import OutOfPagesError
from balloonkit.look import look_at
from balloonkit.look.model import guest_of_reading
from balloonkit.machine import Machine
from balloonkit.wire import pack_chunks

TEXTS = Path(__file__).parents[1] / "texts"
RIGHT = json.loads((TEXTS / "right_values.json").read_text())


def read(name):
    return read_texts((TEXTS / name).read_bytes())


def test_the_order_5_request_that_failed_fails_here_too():
    guest = guest_of_reading(read("showmem_order5_noprefix_32g.txt"), "order 5")
    with pytest.raises(OutOfPagesError):
        guest.buddy.alloc(5)
    assert guest.buddy.alloc(4) >= 0


def test_a_zone_of_plain_buddyinfo_has_the_very_blocks():
    name = "buddyinfo_2node_db_server.txt"
    blocks = guest_of_reading(read(name), name).buddy.buddyinfo()
    for key, right in RIGHT[name].items():
        node, zone = key.split("/")
        assert blocks[zone if node == "0" else key] == right["counts"]


@pytest.mark.parametrize(
    "name",
    [
        "showmem_order5_noprefix_32g.txt",
        "showmem_order0_highatomic_16g.txt",
        "showmem_arm64_64k_cma_2g.txt",
        "showmem_armv7_highmem_2g.txt",
    ],
)
def test_a_balloon_gets_what_was_foretold_in_as_many_chunks(name):
    reading = read(name)
    plan = look_at(reading, inflate="64GiB").forecast
    guest = guest_of_reading(reading, name, seed=3)
    with Machine(guest) as machine:
        machine.inflate("64GiB")
        held = machine.driver.held
    assert len(held) * guest.page_bytes >> 10 == plan.given_kb
    assert plan.chunks[0] <= len(pack_chunks(held)) <= plan.chunks[1]


def test_a_text_is_a_guest_of_the_race():
    guest = find_guest(str(TEXTS / "showmem_order5_noprefix_32g.txt"))
    assert guest.name == "showmem_order5_noprefix_32g.txt, places drawn"


def test_a_text_without_blocks_or_with_lower_bounds_makes_no_guest():
    with pytest.raises(TextError, match="no text here counts its free blocks"):
        guest_of_reading(read("zoneinfo_vm_2node_16g_linux66.txt"), "zoneinfo")
    row = "Node    0, zone   Normal, type      Movable >100000" + 10 * "      7"
    with pytest.raises(TextError, match="lower bounds"):
        guest_of_reading(read_texts(row), "stopped")
