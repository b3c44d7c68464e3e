"""The lab of real guests, against what is known of the captures."""

import pytest

from balloonkit.lab.captures import CaptureLab


def text(view):
    return view._repr_mimebundle_()[0]["text/plain"]


def last_message(lab, name):
    lab.model.capture = name
    lab.model.message = lab.model.messages
    return text(lab.chunks())


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("idle-8g", ("1,835,008", "7,168", "17")),
        ("aged-8g", ("1,048,576", "4,096", "46,933", "23")),
    ],
)
def test_all_messages_of_a_capture_make_the_chunks_known_for_it(name, figures):
    shown = last_message(CaptureLab(name), name)
    for figure in figures:
        assert figure in shown


@pytest.mark.parametrize("verb", ["memory", "order", "chunks", "prediction"])
def test_every_view_draws_every_capture_without_an_error(verb):
    lab = CaptureLab()
    view = getattr(lab, verb)()
    for name in ("aged-1g", "aged-8g", "idle-8g"):
        lab.model.capture = name
        assert view.error == ""
        assert name in text(view)
