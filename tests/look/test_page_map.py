"""A machine's pages as characters."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.guest.page_states import KPF_BUDDY, KPF_NOPAGE
from balloonkit.look.page_map import draw_pages

STATES = {"free": 1 << KPF_BUDDY, "used": 0, "hole": 1 << KPF_NOPAGE}


@given(st.lists(st.sampled_from(list(STATES)), min_size=1, max_size=300), st.integers(1, 20))
def test_a_character_says_all_free_or_all_used_only_where_every_page_is(states, width):
    flags = np.array([STATES[state] for state in states], np.uint64)
    text = "".join(draw_pages(flags, width, 3))
    edges = np.linspace(0, len(flags), min(width * 3, len(flags)) + 1).astype(int)
    assert len(text) == len(edges) - 1
    for char, start, end in zip(text, edges[:-1], edges[1:], strict=True):
        ram = [state for state in states[start:end] if state != "hole"]
        assert (char == " ") == (not ram)
        assert (char == "·") == (bool(ram) and set(ram) == {"free"})
        assert (char == "█") == (bool(ram) and set(ram) == {"used"})
