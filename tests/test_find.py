"""What a person gives in a box: texts, captures as bytes, and neither."""

import base64
from pathlib import Path

import pytest

from balloonkit.captures import CaptureError
from balloonkit.find import BINARY_MARK, capture_of_paste, guest_of_paste

HERE = Path(__file__).parent
TEXT = (HERE / "texts" / "showmem_order5_noprefix_32g.txt").read_text()
CAPTURE = (HERE / "captures" / "cached-384m.npz").read_bytes()


def as_text(data):
    return BINARY_MARK + base64.b64encode(data).decode()


def test_a_text_is_a_guest_whose_places_a_seed_draws():
    one, same, other = (guest_of_paste(TEXT, seed).buddy.free_mask for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_the_bytes_of_a_capture_are_the_captured_guest():
    capture = capture_of_paste(as_text(CAPTURE))
    assert (capture.guest_bytes >> 20, capture.name) == (384, "your capture")
    guest = guest_of_paste(as_text(CAPTURE))
    assert (guest.buddy.free_mask | guest.kept_free == capture.free_mask("before")).all()


@pytest.mark.parametrize(
    ("paste", "said"),
    [
        (TEXT, "a text names no pages"),
        (BINARY_MARK + "no base64!", "arrived damaged"),
        (as_text(CAPTURE[:5000]), "your capture"),
        (as_text(b"PK" + bytes(100)), "your capture"),
    ],
)
def test_what_is_no_capture_is_refused_with_the_reason(paste, said):
    with pytest.raises(CaptureError, match=said):
        capture_of_paste(paste)


def test_what_tells_of_no_machine_is_refused_with_what_to_give():
    with pytest.raises(ValueError, match=r"no free memory of any zone .* give buddyinfo"):
        guest_of_paste("my machine is slow")
