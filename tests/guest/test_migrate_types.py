"""Migrate types as data: in guests made of texts, and in captured ones."""

from pathlib import Path

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.captures.texts import read_texts
from balloonkit.guest import OutOfPagesError, Zone
from balloonkit.guest.from_counts import CountedZone, guest_from_counts
from balloonkit.guest.migrate_types import KEPT_FROM_A_BALLOON, MIGRATE_TYPES
from balloonkit.look.model import guest_of_reading
from balloonkit.predict import guest_of

TEXTS = Path(__file__).parents[1] / "texts"


def pageblock_of(guest, pages):
    return np.repeat(guest.pageblocks, 512)[: len(pages)][pages]


@pytest.mark.parametrize("kept", sorted(KEPT_FROM_A_BALLOON - {"Reserve"}))
def test_free_blocks_of_a_kept_type_are_in_the_guest_and_no_balloon_gets_them(kept):
    blocks = {"Movable": [3, 2, 1] + [0] * 8, kept: [0] * 7 + [4, 0, 0, 1]}
    total = np.sum(list(blocks.values()), axis=0).tolist()
    guest = guest_from_counts(
        "types", [CountedZone(Zone("Normal", 0, 0), total, by_type=blocks)], seed=2
    )
    assert guest.buddy.buddyinfo()["Normal"] == blocks["Movable"]
    assert guest.kept_free.sum() == 4 * 128 + 1024
    assert set(pageblock_of(guest, guest.kept_free)) == {MIGRATE_TYPES[kept]}
    assert set(pageblock_of(guest, guest.buddy.free_mask)) == {MIGRATE_TYPES["Movable"]}
    assert len(guest.take(5000)) == 3 + 2 * 2 + 4
    with pytest.raises(OutOfPagesError):
        guest.buddy.alloc(7)


def test_cma_unmovable_and_reclaimable_blocks_lie_in_pageblocks_of_their_own():
    blocks = {
        "Movable": [8] * 11,
        "CMA": [0] * 9 + [3, 1],
        "Unmovable": [5] + [0] * 10,
        "Reclaimable": [0, 4] + [0] * 9,
    }
    total = np.sum(list(blocks.values()), axis=0).tolist()
    guest = guest_from_counts("types", [CountedZone(Zone("Normal", 0, 0), total, 0, blocks)])
    assert guest.buddy.buddyinfo()["Normal"] == total
    free = pageblock_of(guest, guest.buddy.free_mask)
    for name, counts in blocks.items():
        pages = sum(n << order for order, n in enumerate(counts))
        assert (free == MIGRATE_TYPES[name]).sum() == pages


def test_a_texts_types_are_the_guests():
    reading = read_texts((TEXTS / "pagetypeinfo_vm_2node_16g_linux66.txt").read_bytes())
    guest = guest_of_reading(reading, "two nodes", seed=1)
    isolated = sum(
        n << order
        for zone in reading.zones
        for order, n in enumerate(zone.by_type.get("Isolate", []))
    )
    assert guest.kept_free.sum() == isolated == 3 * 1024
    letters = read_texts((TEXTS / "showmem_order0_highatomic_16g.txt").read_bytes())
    told = guest_of_reading(letters, "letters")
    assert told.kept_free.sum() + told.buddy.free_mask.sum() == sum(
        zone.free_pages for zone in letters.zones
    )
    assert told.kept_free.any()


@pytest.mark.parametrize("name", ["aged-1g", "k72-aged-1g"])
def test_every_page_a_real_guest_gave_lay_in_a_movable_pageblock(name):
    capture = load_capture(name)
    guest = guest_of(capture)
    given = np.zeros(len(guest.buddy.free_mask), bool)
    given[capture.inflate_pfns] = True
    assert set(pageblock_of(guest, given)) == {MIGRATE_TYPES["Movable"]}
    free = guest.buddy.free_mask | guest.kept_free
    assert (free == capture.free_mask("before")).all()
    assert not (guest.buddy.free_mask & guest.kept_free).any()
