"""The figure of a step."""

from sample_traces import CLASSIC

from balloonkit.lab.player.player import StepPlayer
from balloonkit.trace import START


def test_figure_draws_every_kind_of_trace(sample):
    trace, _ = sample
    player = StepPlayer(trace)
    titles = [axes.get_title() for axes in player.figure(0).axes]
    assert titles[0] == "Guest memory (PFN)"
    assert ("classic path" in titles[1]) == (trace["format"] == CLASSIC)
    player.figure(START)
