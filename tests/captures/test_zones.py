"""Zones from /proc/zoneinfo: of several nodes, with spans that overlap, and damaged."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest import BuddyAllocator, Guest

TOP = 1024


def zoneinfo(*zones):
    """Write the lines of zones given as (node, name, first and last top block of the span)."""
    return "".join(
        f"Node {node}, zone {name:>8}\n  pages free     100\n        min      {min_pages}\n"
        f"        low      {min_pages + 2}\n        high     {min_pages + 4}\n"
        f"        spanned  {(end - start) * TOP}\n        present  {(end - start) * TOP}\n"
        f"        managed  {(end - start) * TOP}\n        protection: (0, 0, 7, 7)\n"
        f"  pagesets\n    cpu: 0\n              count: 3\n              high:  9\n"
        f"              batch: 1\n  start_pfn:           {start * TOP}\n"
        for node, name, start, end, min_pages in zones
    )


def test_a_zone_plugged_into_anothers_span_keeps_its_pages_and_the_other_leaves_them_out():
    text = zoneinfo((0, "Normal", 4, 12, 8), (1, "Normal", 6, 8, 8))
    around, inside = zones_from_zoneinfo(text, 16 * TOP)
    assert (around.label, inside.label) == ("Normal", "1/Normal")
    assert around.ranges == ((4 * TOP, 6 * TOP), (8 * TOP, 12 * TOP))
    assert inside.ranges == ((6 * TOP, 8 * TOP),)
    pfns = np.arange(16 * TOP)
    assert not (around.holds(pfns) & inside.holds(pfns)).any()
    assert around.count(np.ones(16 * TOP, bool)) == 6 * TOP


spans = st.tuples(st.integers(0, 15), st.integers(1, 8)).map(lambda s: (s[0], s[0] + s[1]))


@settings(max_examples=100, deadline=None)
@given(st.lists(spans, min_size=1, max_size=5), st.integers(0, 1000))
@example([(0, 1), (0, 1)], 0)  # the same span twice
def test_every_page_of_any_spans_belongs_to_exactly_one_zone_and_the_allocator_knows_it(ends, seed):
    zones = zones_from_zoneinfo(
        zoneinfo(*((node, "Normal", *span, 0) for node, span in enumerate(ends))), 24 * TOP
    )
    pfns = np.arange(24 * TOP)
    owners = np.sum([zone.holds(pfns) for zone in zones], axis=0)
    covered = np.zeros(24 * TOP, bool)
    for start, end in ends:
        covered[start * TOP : end * TOP] = True
    assert (owners == covered).all()
    zones = tuple(zone for zone in zones if zone.ranges)
    free = covered & (np.random.default_rng(seed).random(24 * TOP) < 0.9)
    buddy = BuddyAllocator.from_free_mask(free, zones)
    for index, zone in enumerate(zones):
        assert buddy.free_pages(index) == zone.count(free)
    taken = buddy.take(3000)
    buddy.give_back(taken)
    again = BuddyAllocator.from_free_mask(free, zones)
    assert buddy.buddyinfo() == again.buddyinfo()


def test_a_request_walks_node_by_node_and_inside_a_node_from_the_top():
    text = zoneinfo((0, "DMA32", 0, 2, 0), (0, "Normal", 2, 4, 0), (1, "Normal", 4, 6, 0))
    zones = zones_from_zoneinfo(text, 6 * TOP)
    guest = Guest("nodes", 6 * TOP << 12, np.ones(6 * TOP, bool), zones)
    first = [int(guest.take(1)[0]) // TOP]
    for _ in range(2):
        guest.take(2 * TOP - 1 - 2 - 7)
        first.append(int(guest.take(1)[0]) // TOP)
    assert [top // 2 for top in first] == [1, 0, 2]


@pytest.mark.parametrize("line", ["min", "low", "start_pfn", "spanned", "batch", "protection"])
def test_a_zone_without_a_line_is_refused_by_the_lines_name(line):
    text = zoneinfo((0, "Normal", 0, 4, 8))
    cut = "".join(x for x in text.splitlines(keepends=True) if line not in x)
    with pytest.raises(ValueError, match=f"Node 0, zone Normal: no line .*{line}"):
        zones_from_zoneinfo(cut, 4 * TOP)


def test_a_zone_without_pages_is_left_out_and_none_at_all_is_refused():
    empty = "Node 0, zone  Movable\n  pages free     0\n        min      0\n"
    empty += "        low      0\n        high     0\n        spanned  0\n        present  0\n"
    empty += "        managed  0\n        protection: (0, 0)\n"
    zones = zones_from_zoneinfo(zoneinfo((0, "Normal", 0, 4, 8)) + empty, 4 * TOP)
    assert [zone.name for zone in zones] == ["Normal"]
    with pytest.raises(ValueError, match="no free memory of any zone"):
        zones_from_zoneinfo(empty, 4 * TOP)
