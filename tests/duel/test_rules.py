"""QEMU's rule in `balloonkit.host.rules` releases what QEMU does, on host pages of both sizes."""

import numpy as np
import pytest

from balloonkit.duel.compare import difference
from balloonkit.duel.families import FAMILIES, SMALL, TOPICS
from balloonkit.duel.families.setups import HUGE
from balloonkit.duel.script import Script
from balloonkit.duel.sides import KitSide, QemuSide
from balloonkit.host.rules import DEVICE_RULES
from balloonkit.wire.queue import Queue

PARTS = 512
#: The host pages that may be ballooned whole: the first holds rings and messages.
FIRST_PARTS = (512, 1024, 1536)


@pytest.fixture
def sides(qemu):
    """Return a function: both devices of a set-up, ours by QEMU's rule."""
    made = []

    def of(setup):
        try:
            theirs = QemuSide(setup, qemu)
        except OSError as error:
            pytest.skip(f"no host pages of 2 MiB: {error}")
        made.append(theirs)
        return KitSide(setup, DEVICE_RULES["qemu"]), theirs

    yield of
    for side in made:
        side.close()


def differences(sides, writers):
    """Give each case to both devices, freshly started; return how they part."""
    found = []
    for number, write in enumerate(writers):
        script = Script("any", {}, np.random.default_rng([11, number]))
        write(script)
        case = script.case()
        for side in sides:
            side.start()
        kit, theirs = (side.run(case) for side in sides)
        found.append((difference(kit, theirs), bool(theirs.released)))
    return found


def test_plain_traffic_goes_as_with_qemu(sides):
    writers = [family.write for family in TOPICS[0].members if family.share] * 2
    assert {differs for differs, _ in differences(sides(SMALL), writers)} == {""}


def test_every_family_of_host_pages_goes_as_with_qemu(sides):
    writers = [family.write for family in FAMILIES.values() if family.setup == HUGE] * 4
    assert {differs for differs, _ in differences(sides(HUGE), writers)} == {""}


def whole_page(s):
    first = int(s.rng.choice(FIRST_PARTS))
    s.send(Queue.INFLATE, s.rng.permutation(np.arange(first, first + PARTS)))


def whole_page_with_a_stranger(s):
    first = int(s.rng.choice(FIRST_PARTS))
    pages = s.rng.permutation(np.arange(first, first + PARTS))
    stranger = int(s.rng.choice([other for other in FIRST_PARTS if other != first]))
    place = s.rng.choice([0, int(s.rng.integers(1, PARTS)), PARTS])
    s.send(Queue.INFLATE, np.insert(pages, int(place), stranger))


def pages_one_after_the_other(s):
    pages = [s.rng.permutation(np.arange(f, f + PARTS)) for f in s.rng.permutation(FIRST_PARTS)]
    s.send(Queue.INFLATE, np.concatenate(pages)[: int(s.rng.integers(1, 3 * PARTS + 1))])


@pytest.mark.parametrize(
    "writer", [whole_page, whole_page_with_a_stranger, pages_one_after_the_other]
)
def test_host_pages_in_any_order_go_as_with_qemu(sides, writer):
    found = differences(sides(HUGE), [writer] * 12)
    assert {differs for differs, _ in found} == {""}
    assert any(released for _, released in found)
