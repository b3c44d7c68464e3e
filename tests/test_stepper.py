"""The trace: replayed step by step it must end where the bulk run ends."""

import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.guest import Guest
from balloonkit.guest.driver import BalloonDriver
from balloonkit.stepper import trace_inflate
from balloonkit.trace import PAGE_STATES
from balloonkit.wire import Feature, PageBitmaps, decode_chunks, decode_pfns

CHUNKS, CLASSIC = Feature.PAGE_CHUNKS, Feature(0)


def replay(trace):
    """Apply every change of a trace to its setup; return the end state as the panes show it."""
    setup = trace.setup
    pages = [state for state, n in setup["initial"]["pages"] for _ in range(n)]
    lists = [[list(order) for order in zone] for zone in setup["initial"]["lists"]]
    bitmap, messages, released = {}, [], []
    for step in trace.steps:
        changes = step.changes
        for sign, zone, order, pfn in changes.get("lists", []):
            if sign == "-":
                lists[zone][order].remove(pfn)
            else:
                lists[zone][order].insert(0, pfn)
        for first, n, state in changes.get("state", []):
            pages[first : first + n] = [state] * n
        for first, n in changes.get("bits", []):
            bitmap.update(dict.fromkeys(range(first, first + n)))
        if step.kind == "send":
            messages.append(changes["message"])
        released += [page for h, n, r in changes.get("host", []) for page in range(h, h + n)]
    return pages, lists, messages, released


@settings(max_examples=40, deadline=None)
@given(
    fragmentation=st.sampled_from([0, 0.1, 0.5, 1]),
    pages=st.integers(1, 300),
    features=st.sampled_from([CHUNKS, CLASSIC]),
    block_alloc=st.booleans(),
    join=st.booleans(),
    limit=st.sampled_from([3, 40, 64]),
    steps_per_stage=st.sampled_from([5, 64, 1000]),
    page_bytes=st.sampled_from([4096, 16384]),
)
def test_replaying_a_trace_ends_where_the_bulk_run_ends(
    fragmentation, pages, features, block_alloc, join, limit, steps_per_stage, page_bytes
):
    guest = Guest.aged("4MiB", fragmentation, page_bytes=page_bytes)
    limit *= page_bytes // 4096
    bulk, sent = guest.copy(), []
    driver = BalloonDriver(
        bulk,
        features,
        lambda queue, message: sent.append(message),
        block_alloc=block_alloc,
        join=join,
        bitmaps=PageBitmaps(bits=64),
        max_chunks=limit,
        max_pfns=limit if features == CLASSIC else 256,
    )
    report = driver.fill(pages * driver.scale)
    trace = trace_inflate(
        guest,
        pages,
        features,
        max_entries=limit,
        join=join,
        block_alloc=block_alloc,
        steps_per_stage=steps_per_stage,
    )
    states, lists, messages, released = replay(trace)
    expected = np.zeros(len(states), bool)
    expected[driver.held] = True
    assert (np.array(states) == PAGE_STATES["in balloon"]).tolist() == expected.tolist()
    for zone, orders in enumerate(lists):
        for order, blocks in enumerate(orders):
            assert sorted(blocks) == sorted(bulk.buddy.free_list(zone, order).tolist())
    assert [m["hex"] for m in messages] == [m[:256].hex() for m in sent]
    assert [m["bytes"] for m in messages] == [len(m) for m in sent]
    assert len(released) == len(set(released)) == report.pages
    last = dict(zip(("pages", "messages", "bytes"), trace.steps[-1].counters, strict=False))
    assert last == {"pages": report.pages, "messages": report.messages, "bytes": report.bytes}


def test_a_small_guest_gets_a_step_for_every_page_and_every_split():
    trace = trace_inflate(Guest.aged("1MiB", 0.3, seed=7), 64)
    kinds = [step.kind for step in trace.steps]
    assert kinds.count("take") == kinds.count("mark") == 64
    assert kinds.count("split") > 0
    assert all(step.pages and step.why for step in trace.steps)


@pytest.mark.parametrize("features", [CHUNKS, CLASSIC])
def test_a_trace_of_4096_pages_stays_small(features):
    trace = trace_inflate(Guest.aged("16MiB", 0.1), 2048, features)
    assert 200 <= len(trace.steps) <= 600
    assert len(zlib.compress(json.dumps(trace.as_dict()).encode())) < 100_000


def test_the_classic_path_translates_and_releases_every_page_the_chunk_path_every_chunk():
    counted = {}
    for features in (CHUNKS, CLASSIC):
        trace = trace_inflate(Guest.aged("1MiB", 0.3, seed=7), 64, features)
        counted[features] = trace.steps[-1].counters[3:]
    assert counted[CLASSIC] == (64, 64)
    assert counted[CHUNKS][0] == counted[CHUNKS][1] < 64


def test_the_message_in_the_trace_decodes_to_the_pages_taken():
    for features, decode in ((CHUNKS, decode_chunks), (CLASSIC, decode_pfns)):
        trace = trace_inflate(Guest.idle("256KiB"), 16, features)
        taken = {
            p for s in trace.steps if s.kind == "take" for p in range(s.base, s.base + s.pages)
        }
        (message,) = (s.changes["message"]["hex"] for s in trace.steps if s.kind == "send")
        told = decode(bytes.fromhex(message)).tolist()
        if features == CHUNKS:
            told = [pfn for base, size in told for pfn in range(base, base + size)]
        assert set(told) == taken
