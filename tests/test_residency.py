"""What was there to gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.find import find_guest
from balloonkit.guest import Guest
from balloonkit.host.model import ModelHost
from balloonkit.machine import Machine
from balloonkit.race import run_race
from balloonkit.race_table import race_table
from balloonkit.residency import gain_of, resident_before


def gain(name, size, touched, block_alloc):
    """Inflate a captured guest in chunks; return its gain, and the pages it gave."""
    guest = find_guest(name)
    before = resident_before(guest, touched)
    with ModelHost(guest.size_bytes, regions=guest.ram, resident=before) as host:
        pages = Machine(guest, host=host, block_alloc=block_alloc).inflate(size).counts.pages
        return gain_of(before, host.resident_pages), pages


@pytest.mark.parametrize(
    ("block_alloc", "broken", "released"), [(False, 2_932, 0), (True, 3_491, 440)]
)
def test_page_by_page_an_aged_guest_breaks_huge_pages_and_releases_none_whole(
    block_alloc, broken, released
):
    found, pages = gain("aged-8g", "4GiB", "all", block_alloc)
    assert (found.gained_pages, found.huge_broken, found.huge_gone) == (pages, broken, released)
    assert found.huge_broken + found.huge_gone + found.huge_whole == 4096


@pytest.mark.parametrize(("block_alloc", "share"), [(False, 1.0), (True, 0.141)])
def test_whole_blocks_are_those_the_guest_never_touched(block_alloc, share):
    found, pages = gain("aged-1g", "256MiB", "blocks", block_alloc)
    assert found.gained_pages / pages == pytest.approx(share, abs=0.001)


def test_a_balloon_of_untouched_memory_gains_nothing_and_table_and_json_say_so():
    race = run_race(find_guest("aged-1g"), "256MiB", touched="in-use")
    for told in race.as_dict()["paths"].values():
        assert (told["released_bytes"], told["gained_bytes"]) == (256 << 20, 0)
    assert any("hardly anything is gained: 0.0 MiB of 256.0" in said for said in race.remarks)
    assert "only what the guest uses now was ever touched" in str(race_table(race).caption)


def test_with_everything_touched_the_gain_is_what_was_released():
    race = run_race(Guest.idle("64MiB"), "48MiB").as_dict()
    for told in race["paths"].values():
        assert told["gained_bytes"] == told["released_bytes"] == 48 << 20
        assert sum(told["host_huge_pages"].values()) == 32
    assert race["touched"] == "all"


@given(st.integers(0, 2**32), st.floats(0, 1), st.integers(0, 1536), st.integers(0, 1536))
def test_each_huge_page_is_counted_once_and_every_gained_page_was_resident(seed, share, a, b):
    before = np.random.default_rng(seed).random(1536) < share
    before[:512] = True
    after = before.copy()
    after[min(a, b) : max(a, b)] = False
    found = gain_of(before, after)
    assert found.gained_pages == before.sum() - after.sum()
    held = [part.all() for part in before.reshape(-1, 512)]
    assert found.huge_broken + found.huge_gone + found.huge_whole == sum(held)


def test_large_guest_pages_are_touched_whole():
    guest = Guest.idle("64MiB", page_bytes=65536)
    used = 1024 - guest.buddy.free_mask.sum()
    assert resident_before(guest, "in-use").sum() == used * 16


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"touched": "once"}, "touched 'once': choose from all, blocks, in-use"),
        ({"touched": "blocks", "host": "madvise"}, "real memory is populated all"),
    ],
)
def test_an_assumption_there_is_not_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        run_race(Guest.idle("64MiB"), "16MiB", **wrong)
