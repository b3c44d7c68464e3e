"""A guest whose every allocation is on record."""

import numpy as np
import pytest

from balloonkit import load_capture
from balloonkit.find import find_guest
from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver
from balloonkit.guest.replayed import ReplayedGuest
from balloonkit.wire import PFN_ARRAY


@pytest.mark.parametrize("name", ["aged-1g", "k72-aged-1g"])
def test_its_messages_are_the_real_drivers_byte_for_byte(name):
    pfns = load_capture(name).inflate_pfns
    sent = []
    driver = BalloonDriver(
        find_guest(name, replay=True), PFN_ARRAY, lambda queue, message: sent.append(message)
    )
    driver.fill(len(pfns))
    assert b"".join(sent) == pfns.astype("<u4").tobytes()


def test_copies_go_on_independently_and_leave_the_record_whole():
    guest = ReplayedGuest(Guest.idle("64MiB"), [5, 9, 7])
    twin = guest.copy()
    assert twin.take(2).tolist() == [5, 9]
    twin.give_back(np.array([9], np.uint32))
    assert twin.take(9).tolist() == [9, 7]
    assert guest.take(9).tolist() == [5, 9, 7]


def test_it_has_no_blocks_to_give():
    with pytest.raises(ValueError, match="its driver allocated page by page"):
        ReplayedGuest(Guest.idle("64MiB"), [5]).take_blocks(1)
