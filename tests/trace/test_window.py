"""A cropped trace says what the whole one says of its window, and counts everything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit import Guest, load_capture, trace_inflate
from balloonkit.predict import guest_of
from balloonkit.trace import Stepper, crop, state_at, states, window_of
from balloonkit.wire import PFN_ARRAY, PageBitmaps, PageChunks

FORMATS = [PFN_ARRAY, PageChunks(40, bitmaps=PageBitmaps(bits=1024, max_count=3)), PageChunks()]


def check_crop(whole, first, pages):
    """Hold the cropped trace against the whole one's states, cut by hand, at every step."""
    cropped = crop(whole, (first, pages))
    scale, end = whole["scale"], first + pages
    behind = np.concatenate(
        [np.arange(g, g + n) // scale for g, n, _ in whole["regions"]]
    )  # guest page behind each host page
    host_in = (behind >= first) & (behind < end)
    in_host = np.flatnonzero(host_in)
    number = 0
    for number, (full, part) in enumerate(zip(states(whole), states(cropped), strict=True)):
        where = f"position {number} of the window {first}, {pages}"
        outside = part.outside
        assert (part.pages == full.pages[first:end]).all(), where
        rest = np.concatenate((full.pages[:first], full.pages[end:]))
        assert outside["pages"] == np.bincount(rest, minlength=4).tolist(), where
        assert (part.host == full.host[in_host]).all(), where
        host_rest = full.host[np.flatnonzero(~host_in)]
        assert outside["host"] == np.bincount(host_rest, minlength=2).tolist(), where
        if len(in_host):
            assert part.first_host_page == in_host[0], where
        for z, orders in enumerate(full.lists):
            for order, blocks in enumerate(orders):
                shown = [b for b in blocks if b < end and b + (1 << order) > first]
                assert part.lists[z][order] == shown, where
                assert outside["lists"][z][order] == len(blocks) - len(shown), where
            shown = [pfn for pfn in full.stock[z] if first <= pfn < end]
            assert part.stock[z] == shown, where
            assert outside["stock"][z] == len(full.stock[z]) - len(shown), where
        assert part.bitmap == full.bitmap, where
        base = full.bitmap["base"] if full.bitmap else 0
        low, high = max(first - base, 0), max(end - base, 0)
        assert (part.bits == full.bits[low:high]).all(), where
        assert outside["bits"] == full.bits.sum() - part.bits.sum(), where
        entries = {
            index: (b, n)
            for index, (b, n) in enumerate(full.entries)
            if b < end * scale and b + n > first * scale
        }
        assert dict(zip(part.indices, part.entries, strict=True)) == entries, where
        assert outside["entries"] == len(full.entries) - len(entries), where
        for name in ("message", "reject", "counters"):
            assert getattr(part, name) == getattr(full, name), where
    assert number == len(whole["steps"])


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["1MiB", "72MiB", "1GiB"]),
    st.sampled_from(FORMATS),
    st.sampled_from([4096, 65536]),
    st.floats(0, 1),
    st.sampled_from([1, 100, 4096]),
    st.sampled_from([3, 400]),
    st.sampled_from([{}, {"block_alloc": True}, {"deflate": True}]),
)
def test_a_crop_is_the_whole_states_cut_and_the_rest_counted(
    size, wire_format, page_bytes, share, pages, taken, how
):
    guest = Guest.aged(size, 0.3, page_bytes=page_bytes)
    whole = trace_inflate(guest, taken, wire_format, **how).as_dict()
    pages = min(pages, whole["span"])
    check_crop(whole, int(share * (whole["span"] - pages)), pages)


def test_the_window_chosen_holds_the_first_page_taken_and_cuts_no_block():
    whole = trace_inflate(Guest.idle("1GiB"), 10).as_dict()
    first, pages = window_of(whole)
    taken = next(step for step in whole["steps"] if step["kind"] == "take")["base"]
    assert first <= taken < first + pages == first + 4096
    assert first % 1024 == 0
    check_crop(whole, first, pages)


def test_a_small_guest_is_shown_whole():
    whole = trace_inflate(Guest.idle("64MiB"), 10).as_dict()
    assert window_of(whole) == (0, whole["span"])


def test_a_reset_and_refusals_are_in_a_window_too():
    from balloonkit import Machine

    machine = Machine(Guest.idle("128MiB"), format=PFN_ARRAY)
    stepper = Stepper(machine)
    machine.inflate("1MiB")
    machine.reset()
    machine.inflate("64KiB")
    check_crop(stepper.trace().as_dict(), 5000, 4096)


@pytest.mark.parametrize("window", [(-1, 5), (0, 0), (60, 5), (0, 65)])
def test_a_window_the_guest_does_not_have_is_refused(window):
    trace = trace_inflate(Guest.idle("256KiB"), 4)
    with pytest.raises(ValueError, match=r"the guest has PFN 0 to 63"):
        trace.as_dict(window)


def test_a_window_of_a_window_is_refused():
    trace = trace_inflate(Guest.idle("256KiB"), 4).as_dict((0, 32))
    with pytest.raises(ValueError, match=r"a window already, \[0, 32\]"):
        crop(trace, (0, 16))


def test_a_captured_guest_is_cropped_as_truly():
    whole = trace_inflate(guest_of(load_capture("aged-8g")), "64MiB").as_dict()
    first, pages = window_of(whole)
    cropped = crop(whole, (first, pages))
    last = len(whole["steps"]) - 1
    full, part = state_at(whole, last), state_at(cropped, last)
    assert (part.pages == full.pages[first : first + pages]).all()
    assert sum(part.outside["pages"]) + pages == whole["span"]
    assert part.outside["pages"][3] + (part.pages == 3).sum() == 16384
