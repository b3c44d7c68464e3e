"""The figure of a step."""

import pytest
from sample_traces import CLASSIC, sample_trace

from balloonkit.lab.player.player import StepPlayer
from balloonkit.trace import START

KINDS = {
    "small chunks": {"pages": 64, "inflate": 20, "hole": (24, 32)},
    "small classic": {"pages": 64, "inflate": 20, "path": CLASSIC},
    "64 KiB pages": {"pages": 128, "inflate": 30, "scale": 16},
    "4096 pages": {"pages": 4096, "inflate": 800, "order": 2},
    "there and back": {"pages": 64, "inflate": 20, "hole": (24, 32), "there_and_back": True},
}


@pytest.fixture(params=KINDS)
def sample(request):
    return sample_trace(**KINDS[request.param])


def test_figure_draws_every_kind_of_trace(sample):
    trace, _ = sample
    player = StepPlayer(trace)
    titles = [axes.get_title() for axes in player.figure(0).axes]
    assert titles[0] == "Guest memory (PFN)"
    assert ("classic path" in titles[1]) == (trace["format"] == CLASSIC)
    player.figure(START)
