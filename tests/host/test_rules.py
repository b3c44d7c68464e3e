"""How each device turns a message into releases, held against a slow reading of its rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit import load_capture
from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
from balloonkit.host.balloon_map import BalloonMap
from balloonkit.host.rules import DEVICE_RULES, JOINED, KIT
from balloonkit.wire import PAGE_CHUNKS, PFN_ARRAY, PfnArray
from balloonkit.wire.queue import Queue


def released(pfns, rule, host_page_bytes=4096, wire_format=PFN_ARRAY, size="1GiB"):
    """Inflate by pages in wire order; return the device's counters."""
    ram = GuestRam.of_size(size)
    device = BalloonDevice(ram, ModelRelease(ram.pages, host_page_bytes), rule=rule)
    device.speak(wire_format)
    for message in wire_format.messages(np.asarray(pfns, np.uint32)):
        device.handle(Queue.INFLATE, message.data)
    return device.counters()


@pytest.mark.parametrize(
    ("name", "size", "joined", "at_64_kib_mib"),
    [
        ("idle-8g", "8GiB", 7_189, 6_797),
        ("aged-8g", "8GiB", 176_671, 1_909),
        ("aged-1g", "1GiB", 16_082, 277),
    ],
)
def test_real_guests_give_the_published_figures(name, size, joined, at_64_kib_mib):
    pfns = load_capture(name).inflate_pfns
    assert released(pfns, JOINED, size=size).releases == joined
    qemu = DEVICE_RULES["qemu"]
    assert released(pfns, qemu, 64 << 10, size=size).released_pages * 4 >> 10 == at_64_kib_mib
    assert released(pfns, qemu, 2 << 20, size=size).released_pages == 0


def test_a_chunk_names_all_parts_of_a_huge_page_at_once_whatever_the_rule():
    pfns = load_capture("idle-8g").inflate_pfns
    for rule in (KIT, DEVICE_RULES["qemu"]):
        counted = released(pfns, rule, 2 << 20, PAGE_CHUNKS, "8GiB")
        assert counted.released_pages * 4 >> 10 == 7_152


def qemu_slowly(messages, size):
    """One host page's parts, for one message: anything else forgets them."""
    for message in messages:
        begun, parts = None, set()
        for page in message:
            if page // size != begun:
                begun, parts = page // size, set()
            parts.add(page)
            if len(parts) == size:
                yield begun
                begun, parts = None, set()


MESSAGES = st.lists(st.permutations(range(48)).map(lambda p: p[:40]), min_size=1, max_size=3)


@given(MESSAGES, st.booleans())
def test_qemus_rule_remembers_one_host_page_for_one_message(messages, in_order):
    messages = [sorted(message) if in_order else message for message in messages]
    pfns = [page for message in messages for page in message]
    counted = released(pfns, DEVICE_RULES["qemu"], 64 << 10, PfnArray(40), "1MiB")
    assert counted.releases == len(list(qemu_slowly(messages, 16)))


@given(
    st.lists(st.integers(0, 255), unique=True, max_size=256), st.sampled_from(sorted(DEVICE_RULES))
)
def test_at_4_kib_every_rule_releases_every_page_named_and_no_other(pfns, name):
    ram = GuestRam.of_size("1MiB")
    backend = ModelRelease(ram.pages)
    device = BalloonDevice(ram, backend, rule=DEVICE_RULES[name])
    device.handle(Queue.INFLATE, np.array(pfns, "<u4").tobytes())
    assert np.flatnonzero(~backend.resident).tolist() == sorted(pfns)
    assert device.counters().released_pages == len(pfns)


@given(st.lists(st.integers(0, 255), unique=True, max_size=256))
def test_joining_makes_as_many_calls_as_the_sorted_message_has_runs(pfns):
    runs = sum(page - 1 not in set(pfns) for page in pfns)
    assert released(pfns, JOINED, size="1MiB").releases == runs


def ranges(name, pfns):
    """Return the ranges a rule makes of one message, (first page, pages) each."""
    balloon = BalloonMap(1 << 15)
    starts, counts = DEVICE_RULES[name].releases(np.array(pfns, np.int64), None, balloon)
    return list(zip(starts.tolist(), counts.tolist(), strict=True))


TENS = [(first, 10) for first in range(0, 10_000, 100)]


@pytest.mark.parametrize(
    ("pfns", "expected"),
    [
        ([], []),
        (range(100), [(0, 100)]),
        (range(99, -1, -1), [(0, 100)]),
        ([page for first, n in TENS for page in reversed(range(first, first + n))], TENS),
    ],
    ids=["none", "ascending", "descending", "a hundred runs, each descending"],
)
def test_firecrackers_own_vectors_come_out_as_there(pfns, expected):
    # test_compact_page_indices; its vectors with repeats end as OVERLAP before any rule is asked.
    assert ranges("firecracker", pfns) == expected
    assert ranges("crosvm", pfns) == expected  # one run at a time, so arrival does as well


def crosvm_slowly(pfns):
    begin = size = 0
    for page in pfns:
        if begin + size == page:
            size += 1
        elif begin == page + 1:
            begin, size = page, size + 1
        else:
            if size:
                yield begin, size
            begin, size = page, 1
    if size:
        yield begin, size


@given(st.lists(st.integers(0, 40), unique=True))
def test_crosvms_rule_lets_the_latest_range_grow_at_either_end(pfns):
    assert ranges("crosvm", pfns) == list(crosvm_slowly(pfns))


def test_a_descending_linux_message_costs_crosvm_hardly_more_calls_than_sorting_it():
    pfns = load_capture("idle-8g").inflate_pfns
    assert released(pfns, DEVICE_RULES["crosvm"], size="8GiB").releases == 7_241


@pytest.mark.parametrize("name", ["firecracker", "crosvm"])
def test_a_rule_that_knows_no_large_pages_says_so(name):
    ram = GuestRam.of_size("1MiB")
    with pytest.raises(ValueError, match="knows no host pages over 4 KiB"):
        BalloonDevice(ram, ModelRelease(ram.pages, 65536), rule=DEVICE_RULES[name])
