"""The duel finds what it is for: a device without one of its checks, an expectation that is wrong.

Each mutant replaces one expression of the kit's device and asks the families that stand for it. The
checks of chunk messages are not among them: no other device speaks that format. Neither is the
refusal of a queue the balloon does not have: QEMU has no way to be kicked for one.
"""

import inspect
import sys
import textwrap
from dataclasses import replace

import pytest

from balloonkit.duel import expected_differences, judge, run_duel
from balloonkit.duel.expected import Expected, surprises
from balloonkit.host import balloon_map, device, entries, service
from balloonkit.host.service import QueueService
from balloonkit.wire import pfn_array
from balloonkit.wire.virtqueue import DeviceQueue

MUTANTS = {
    "idx may run ahead": (
        DeviceQueue, "pop", "if ahead > self._layout.size:", "if False:",
        "idx runs ahead of the ring",
    ),
    "heads are not checked": (
        DeviceQueue, "pop", "if head >= self._layout.size:", "if False:", "head outside the table",
    ),
    "tables may nest": (
        DeviceQueue, "_walk", "if nested:", "if False:", "indirect table inside an indirect table",
    ),
    "a next may leave the table": (
        DeviceQueue, "_walk", "if following >= entries:", "if False:", "next outside the table",
    ),
    "a next may leave an indirect table": (
        DeviceQueue, "_walk", "if following >= entries:", "if following >= 128:",
        "indirect table whose next leaves it",
    ),
    "a loop is a chain": (
        DeviceQueue, "_walk", "raise DescriptorLoopError", "return buffers or DescriptorLoopError",
        "chain that goes round",
    ),
    "buffers may leave the window": (
        DeviceQueue, "_walk", "self._check_inside(head, address, length_bytes)", "pass",
        "buffer across the end of RAM",
    ),
    "tables may leave the window": (
        DeviceQueue, "_table_entries", "self._check_inside(head, address, length_bytes)", "pass",
        "indirect table in no memory",
    ),
    "INDIRECT may have a NEXT": (
        DeviceQueue, "_table_entries", "flags & ring.NEXT or ", "", "INDIRECT and NEXT together",
    ),
    "tables may end anywhere": (
        DeviceQueue, "_table_entries", "or rest ", "", "indirect table of no whole descriptors",
    ),
    "tables may be empty": (
        DeviceQueue, "_table_entries", "or not entries", "", "empty indirect table",
    ),
    "chains may be longer than the queue": (
        DeviceQueue, "_walk", "while len(buffers) < self._layout.size:",
        "while len(buffers) < 1024:", "indirect chain longer than the ring",
    ),
    "direct descriptors lead to no table": (
        DeviceQueue, "_walk", "if flags & ring.INDIRECT:",
        "if flags & ring.INDIRECT and not buffers:",
        "direct descriptors, then one INDIRECT",
    ),
    "writable buffers are read": (
        QueueService, "_handle", "if writable:", "if False:", "writable buffer",
    ),
    "messages have no longest length": (
        QueueService, "_handle", "length_bytes > MESSAGE_BYTES", "False",
        "longer than any message of the kit's",
    ),
    "broken chains are kept": (
        QueueService, "_serve_one", "self._return(queue, ring, error.head)", "pass",
        "chain that follows itself",
    ),
    "a broken device serves on": (
        QueueService, "serve", "if self._broken:", "if False:", "message to a broken device",
    ),
    "a broken device does not say so": (
        QueueService, "serve", "|= NEEDS_RESET", "|= 0", "head outside the table",
    ),
    "every driver is interrupted": (
        QueueService, "serve", "returned and ring.ack_wanted()", "returned", "no interrupt wanted",
    ),
    "statistics go back at once": (
        QueueService, "_serve_one", "queue is not Queue.STATS", "True", "statistics buffer",
    ),
    "bytes beyond the last PFN are ignored": (
        pfn_array, "split_pfns", "if len(data) % PFN_BYTES:",
        "data = data[: len(data) // 4 * 4]\n    if False:", "a few bytes too many",
    ),
    "256 PFNs are the most": (
        pfn_array, "split_pfns", "max_pfns is not None and len(data) > max_pfns * PFN_BYTES",
        "len(data) > 1024", "257 PFNs",
    ),
    "any PFN is RAM": (
        entries, "_single_pages", "if not inside.all():", "if False:", "beyond the end of RAM",
    ),
    "a page may be done twice": (
        entries, "_single_pages", "if not (ordered[1:] == ordered[:-1]).any():", "if True:",
        "named twice in a message",
    ),
    "deflate releases": (
        device.BalloonDevice, "handle", "queue == Queue.INFLATE, started_s", "True, started_s",
        "deflate",
    ),
    "part of a host page is enough": (
        balloon_map.BalloonMap, "whole_host_pages", "or not part.all()", "",
        "host page of 2 MiB, one part short",
    ),
}  # fmt: skip


def mutate(monkeypatch, owner, name, old, new):
    """Replace `old` by `new` in the source of a function, for one test."""
    function = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{name} has {source.count(old)} times {old!r}"
    space = dict(function.__globals__)
    exec(compile(source.replace(old, new), f"<mutant of {name}>", "exec"), space)
    monkeypatch.setattr(owner, name, space[name])
    for module in list(sys.modules.values()):  # who imported it holds it under its own name
        if module.__name__.startswith("balloonkit") and vars(module).get(name) is function:
            monkeypatch.setattr(module, name, space[name])


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_device_without_one_of_its_checks_is_found(qemu, monkeypatch, mutant):
    owner, name, old, new, family = MUTANTS[mutant]
    sound = judge(run_duel(3, seed=5, only=[family]))
    if sound.duel.skipped:
        pytest.skip(sound.duel.skipped[family])
    assert sound.surprises == []
    mutate(monkeypatch, owner, name, old, new)
    assert judge(run_duel(3, seed=5, only=[family])).surprises


def test_every_raise_and_refusal_of_the_ring_has_a_mutant():
    """Who adds a check to the device's half of the ring adds its mutant here."""
    source = inspect.getsource(DeviceQueue) + inspect.getsource(service)
    checks = source.count("raise ") + source.count("refuse_unread(")
    assert checks == 10, "a check came or went: does MUTANTS have its mutant?"


@pytest.fixture(scope="module")
def duel(qemu):
    names = ["one page", "empty buffer", "buffer in no memory", "idx runs ahead of the ring"]
    return run_duel(20, seed=1, only=names)


@pytest.mark.parametrize(
    "change",
    [
        lambda expected: expected.pop("empty buffer"),
        lambda expected: expected.update(
            {"empty buffer": replace(expected["empty buffer"], difference="only QEMU breaks")}
        ),
        lambda expected: expected.update(
            {"one page": Expected("one page", "only QEMU breaks", "the kit", "No reason.")}
        ),
    ],
    ids=["one is missing", "one is changed", "one is made up"],
)
def test_a_wrong_expectation_is_found(duel, change):
    expected = dict(expected_differences(duel.qemu_version)[1])
    assert surprises(duel, expected.values()) == []
    change(expected)
    assert surprises(duel, expected.values())
