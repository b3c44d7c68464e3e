"""Fuzzing finds each of a driver's faults, and none in a sound one."""

import numpy as np
import pytest

from balloonkit import Guest
from balloonkit.fuzz import ModelDriven, fuzz, told_pfns
from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.ram_layout import RamRange
from balloonkit.wire import PROPOSED, PageBitmaps, encode_chunks
from balloonkit.wire.formats import PageChunks
from balloonkit.wire.queue import Queue


class Faulty(PageChunks):
    """A format whose runs are changed before they become chunks."""

    def __init__(self, bits, chunks, change):
        super().__init__(chunks, bitmaps=PageBitmaps(bits))
        self._change = change

    def encode(self, entries):
        return super().encode(self._change(entries))


def one_too_many(entries):
    return entries + np.array([0, 1], entries.dtype) * (np.arange(len(entries)) == 0)[:, None]


FAULTS = {
    "the last run is forgotten": (lambda entries: entries[:-1], "lost"),
    "runs are a page short": (lambda entries: entries - np.array([0, 1], np.uint64), "lost"),
    "the first run has a page too many": (one_too_many, "corrupted"),
}


def faulty(name):
    change, _ = FAULTS[name]

    def changed(entries):
        left = change(entries.copy())
        return left[left[:, 1] > 0]

    return ModelDriven(
        Guest.aged("16MiB", fragmentation=0.5, seed=2),
        lambda bits, chunks: Faulty(bits, chunks, changed),
    )


@pytest.mark.parametrize("blocks_seed", [1, 2])
def test_the_kits_own_driver_is_sound_whatever_it_is_loaded_with(blocks_seed):
    rounds = list(fuzz(ModelDriven(Guest.aged("16MiB", seed=3)), rounds=24, seed=blocks_seed))
    assert len(rounds) == 24
    assert all(one.sound for one in rounds), [one.damage for one in rounds]
    assert len({one.loaded for one in rounds}) > 3
    assert all(len(one.taken_pfns) == one.asked_pages for one in rounds)
    assert any("by blocks" in one.loaded for one in rounds)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_packing_is_found_and_named_for_what_it_does(name):
    found = [one for one in fuzz(faulty(name), rounds=9) if not one.sound]
    assert found
    lost, corrupted = (sum(len(getattr(one, f"{what}_pfns")) for one in found) for what in
                       ("lost", "corrupted"))  # fmt: skip
    assert (lost if FAULTS[name][1] == "lost" else corrupted) > 0


def test_the_same_seed_asks_for_the_same():
    asked = [
        [(one.loaded, one.asked_pages) for one in fuzz(ModelDriven(Guest.idle("8MiB")), 7, seed)]
        for seed in (5, 5, 6)
    ]
    assert asked[0] == asked[1] != asked[2]


def test_an_error_of_the_driver_is_a_finding_and_no_end():
    def broken(bits, chunks):
        raise_it = PageChunks(chunks)
        raise_it.encode = lambda entries: 1 // 0
        return raise_it

    rounds = list(fuzz(ModelDriven(Guest.idle("8MiB"), broken), rounds=4))
    assert len(rounds) == 4
    assert all("ZeroDivisionError" in one.damage for one in rounds)


def test_what_the_device_was_told_is_in_guest_pages_beyond_a_hole_too():
    ram = GuestRam([RamRange(0, 8 << 12), RamRange(64 << 12, 8 << 12)])
    device = BalloonDevice(ram, ModelRelease(ram.pages))
    device.negotiate(PROPOSED)
    device.handle(Queue.INFLATE, encode_chunks([(2, 1), (65, 3)]))
    assert told_pfns(device).tolist() == [2, 65, 66, 67]
