"""Messages of a running guest: timed inside it, and nothing left changed."""

import numpy as np
import pytest

from balloonkit.live import LiveGuest, RefusedError
from balloonkit.live.messages import time_guest
from balloonkit.messages import SIZES_PFNS, fit_messages


def test_a_full_message_takes_longer_than_one_page_and_the_guest_is_left_as_it_was(guest):
    before = guest.actual()
    times_s = time_guest(guest, SIZES_PFNS, rounds=4)
    assert all(2 <= len(times) <= 4 for times in times_s.values())
    assert np.median(times_s[256]) > np.median(times_s[1]) > 0
    assert fit_messages(times_s).entry_s > 0
    assert guest.actual() == before
    assert guest.run("cat /sys/kernel/tracing/current_tracer").strip() == "nop"
    # QEMU's log is on again: a movement finds every page it sent.
    move = guest.balloon(before - (8 << 20))
    assert (len(move.pfns), move.messages) == (2048, 8)


def test_our_own_driver_is_refused(chunked):
    assert isinstance(chunked, LiveGuest)
    with pytest.raises(RefusedError, match="only the kernel's own driver is timed"):
        time_guest(chunked, SIZES_PFNS)
