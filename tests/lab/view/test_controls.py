"""Controls are made by name, and the common ones are the same in every lesson."""

import pytest

from balloonkit.lab.view import controls
from balloonkit.lab.view.controls import BUFFERS, Choice, Range, Switch
from balloonkit.wire.page_chunk import MAX_CHUNKS


@pytest.mark.parametrize("kind", [Range, Choice, Switch])
def test_a_control_made_by_place_is_refused(kind):
    with pytest.raises(TypeError, match="positional"):
        kind("pages", "pages")


def test_a_specification_holds_values_only():
    spec = Range(name="pages", label="pages", low=0, high=9, unit=" pages").spec()

    assert spec == {
        "kind": "range",
        "name": "pages",
        "label": "pages",
        "low": 0,
        "high": 9,
        "step": 1,
        "help": "",
        "unit": " pages",
    }


def test_the_proposals_buffer_of_32_kib_holds_its_2047_chunks():
    assert BUFFERS[8] == MAX_CHUNKS == 2047
    options = controls.message_buffer().options
    assert options[-1] == ("32 KiB: 2,047", 2047)


def test_a_guests_size_is_shown_in_words_and_kept_as_the_model_wants_it():
    assert controls.guest_size(("64MiB", "1GiB")).options == [
        ("64 MiB", "64MiB"),
        ("1 GiB", "1GiB"),
    ]


def test_common_controls_differ_from_lesson_to_lesson_in_their_help_and_ends_only():
    for common in (controls.seed, controls.fragmentation):
        assert common().name == common(help="Other words.").name == common().label
