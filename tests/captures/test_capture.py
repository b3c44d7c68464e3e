"""The shipped captures, and files that are none."""

import numpy as np
import pytest

from balloonkit.captures import CaptureError, load_capture
from balloonkit.guest.page_states import KPF_OFFLINE
from balloonkit.wire import pack_chunks
from balloonkit.wire.page_chunk import chunk_messages


def test_what_the_driver_sent_is_what_the_kernel_flags_as_ballooned(capture):
    flagged = np.flatnonzero(capture.flagged("inflated", KPF_OFFLINE))
    assert (np.sort(capture.inflate_pfns) == flagged).all()


def test_the_real_driver_deflates_in_exactly_the_reverse_order(capture):
    assert (capture.deflate_pfns == capture.inflate_pfns[::-1]).all()


def test_a_name_that_is_neither_file_nor_shipped_lists_what_is():
    with pytest.raises(CaptureError, match=r"no-such.*idle-8g, aged-8g, aged-1g"):
        load_capture("no-such")


def test_a_capture_with_a_part_missing_is_refused_with_its_name(tmp_path):
    shipped = load_capture("aged-1g").arrays
    for key in ("meta", "inflate_pfns_delta", "kpageflags_before_codes", "buddyinfo_inflated"):
        np.savez(tmp_path / "part.npz", **{k: v for k, v in shipped.items() if k != key})
        with pytest.raises(CaptureError, match=rf"part\.npz: not a whole capture, '{key}'"):
            load_capture(tmp_path / "part.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"hello"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(CaptureError, match=r"x\.npz: not a capture"):
        load_capture(tmp_path / "x.npz")


def test_the_captures_own_pages_make_the_chunks_known_for_them(idle_8g, aged_8g):
    idle, aged = pack_chunks(idle_8g.inflate_pfns), pack_chunks(aged_8g.inflate_pfns)
    assert (len(idle), len(list(chunk_messages(idle)))) == (17, 1)
    assert (len(aged), len(list(chunk_messages(aged)))) == (46_933, 23)
