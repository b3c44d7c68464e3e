"""A widget in tests: a page with nothing else on it; and the step player's keys."""

import base64

from balloonkit.lab import StepPlayer
from balloonkit.publish.page import embed, place

__all__ = ["player_page", "step_by_keyboard", "widget_page"]


def widget_page(state, buffers=()):
    """Return the HTML of a page that shows a widget of this state, without a kernel."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A run</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        "<style>:root { color-scheme: light dark }</style></head>"
        f"<body>{place('run')}{embed({'run': {'state': state, 'buffers': buffers}})}</body></html>"
    )


def player_page(trace):
    """Return the HTML of a page that plays a trace, without a kernel."""
    state = StepPlayer(trace).get_state()
    data = base64.b64encode(state.pop("_data")).decode()
    buffers = [{"path": ["_data"], "encoding": "base64", "data": data}]
    return widget_page(state, buffers)


def step_by_keyboard(player):
    """Step a player on a page once and back."""
    at = player.locator(".bk-at")
    slider = player.get_by_role("slider", name="Step")
    slider.press("Home")
    start = at.inner_text()
    slider.press("ArrowRight")
    assert at.inner_text() != start
    slider.press("ArrowLeft")
    assert at.inner_text() == start
