"""How each device turns a message into releases, held against a slow reading of its rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit import load_capture
from balloonkit.host import BalloonDevice, GuestRam, ModelRelease
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
    rising = sum(k == 0 or page != pfns[k - 1] + 1 for k, page in enumerate(pfns))
    assert released(pfns, DEVICE_RULES["crosvm"], size="1MiB").releases == rising


@pytest.mark.parametrize("name", ["firecracker", "crosvm"])
def test_a_rule_that_knows_no_large_pages_says_so(name):
    ram = GuestRam.of_size("1MiB")
    with pytest.raises(ValueError, match="knows no host pages over 4 KiB"):
        BalloonDevice(ram, ModelRelease(ram.pages, 65536), rule=DEVICE_RULES[name])
