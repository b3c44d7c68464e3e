"""Free memory for properties, what was told of it, and the same events on plain lists."""

import numpy as np
from hypothesis import strategies as st

from balloonkit.guest import Zone
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES

ORDERS = range(MAX_ORDER + 1)
ZONES = (Zone("DMA32", 0, TOP_PAGES), Zone("Normal", TOP_PAGES, 2 * TOP_PAGES + 300))
SPAN = ZONES[-1].end_pfn


def free_masks():
    """Masks of free pages with structure at every scale: whole ranges, then scattered holes."""

    def build(ranges, seed, share):
        free = np.zeros(SPAN, bool)
        for start, length in ranges:
            free[start : start + length] = True
        free &= np.random.default_rng(seed).random(SPAN) >= share
        return free

    ranges = st.lists(st.tuples(st.integers(0, SPAN - 1), st.integers(1, SPAN)), max_size=4)
    return st.builds(build, ranges, st.integers(0, 99), st.sampled_from([0, 0, 0.01, 0.5]))


def lists_of(allocator):
    """Return all free lists of an allocator, on arrays or not, as lists by zone and order."""
    return [
        [list(map(int, allocator.free_list(zone, order))) for order in ORDERS]
        for zone in range(len(allocator.zones))
    ]


class Recorder:
    """A listener that writes every event down, with what `look` sees at that moment."""

    def __init__(self, grain=1, look=lambda: None):
        self.items, self.look, self.told = grain, look, []

    def grain(self, items):
        return self.items

    def tell(self, event):
        fields = (f.tolist() if isinstance(f, np.ndarray) else f for f in event)
        self.told.append((type(event).__name__, *fields, self.look()))
