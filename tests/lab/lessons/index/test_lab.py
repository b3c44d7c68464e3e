"""The landing page's pieces, without a browser."""

import importlib.metadata

from balloonkit.lab import Welcome
from balloonkit.lab.view.alive import Alive


def bundle(widget):
    live = widget._repr_mimebundle_()
    return live[0] if isinstance(live, tuple) else live


def test_the_kernel_answers_what_the_browser_asks():
    alive = Alive()
    alive.asked = {"what": "are you there", "number": 3}
    assert alive.answered == 3


def test_a_copy_without_a_kernel_says_that_widgets_are_not_alive():
    data = bundle(Alive())
    assert "not alive" in data["text/plain"]
    assert "✗" in data["text/html"]


def test_the_story_carries_the_published_figures():
    text = bundle(Welcome().story())["text/plain"]
    for figure in (
        "4,126",
        "590",
        "85.7%",
        "268",
        "2,818",
        "252",
        "68.3%",
        "6.1%",
        "v10, May 2017",
    ):
        assert figure in text


def test_versions_are_those_installed():
    text = bundle(Welcome().versions())["text/plain"]
    assert importlib.metadata.version("numpy") in text
    assert importlib.metadata.version("anywidget") in text
