"""The whole machine: guest, wire and host together."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from own_format import Pairs

from balloonkit import Machine
from balloonkit.guest import Guest
from balloonkit.host import ModelHost
from balloonkit.wire import CLASSIC, PROPOSED, Feature, PageChunks
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import AckTimeoutError

PAGE = 4096


class HostThatMayBeDeaf(ModelHost):
    """A real host; while `deaf`, kicks do not reach it."""

    deaf = False

    def kick(self, queue):
        if not self.deaf:
            super().kick(queue)


class MachineNeverLosesAPage(RuleBasedStateMachine):
    """Inflate, deflate, lose acks, refuse messages, run dry and reset in any sequence.

    Every page of the guest is in its allocator, in its balloon or in use, in exactly one of them;
    and the host releases nothing but what is in the balloon.
    """

    @initialize(
        features=st.sampled_from([CLASSIC, PROPOSED]),
        own=st.sampled_from([None, Pairs()]),
        block_alloc=st.booleans(),
        fragmentation=st.sampled_from([0.0, 0.3, 1.0]),
    )
    def boot(self, features, own, block_alloc, fragmentation):
        self.guest = Guest.aged("16MiB", fragmentation)
        self.host = HostThatMayBeDeaf("16MiB")
        self.machine = Machine(self.guest, features, self.host, format=own, block_alloc=block_alloc)
        self.owned_at_boot = self.owned()
        self.in_use = []
        self.ever_ballooned = set()

    def owned(self):
        stocks = [self.guest.percpu.stock(zone) for zone in range(len(self.guest.buddy.zones))]
        return set(np.concatenate((*stocks, np.flatnonzero(self.guest.buddy.free_mask))).tolist())

    @rule(pages=st.integers(0, 5000))
    def inflate(self, pages):
        report = self.machine.inflate(pages * PAGE)
        assert report.counts.pages <= pages
        assert report.rejected == {}
        assert (report.counts.pages < pages) == (report.out_of_puff > 0)

    @rule(pages=st.integers(0, 5000))
    def deflate(self, pages):
        held = self.machine.driver.held_pages
        assert self.machine.deflate(pages * PAGE).counts.pages == min(pages, held)

    @rule(pages=st.integers(1, 500))
    def the_guest_uses_some_memory(self, pages):
        self.in_use += self.guest.take(pages).tolist()

    @rule()
    def the_guest_frees_it_again(self):
        self.guest.give_back(self.in_use)
        self.in_use = []

    @rule(queue=st.sampled_from([Queue.INFLATE, Queue.DEFLATE]), message=st.binary(max_size=40))
    def a_hostile_message_of_bytes_outside_ram_changes_nothing(self, queue, message):
        beyond = b"\xff" * 8 + message  # as a count or as a PFN, far outside
        self.machine._channels[queue].send(beyond[: len(beyond) // 4 * 4])

    @rule(pages=st.integers(1, 3000), inflate=st.booleans())
    def a_kick_is_lost_and_the_device_is_reset(self, pages, inflate):
        self.host.deaf = True
        act = self.machine.inflate if inflate else self.machine.deflate
        try:
            act(pages * PAGE)
        except AckTimeoutError:
            self.each_page_is_in_exactly_one_place()
            self.host.deaf = False
            self.reset()
        self.host.deaf = False

    @rule()
    def reset(self):
        self.remember()
        self.machine.reset()
        assert self.machine.driver.held_pages == 0

    def remember(self):
        self.ever_ballooned |= set(self.machine.driver.held.tolist())

    @invariant()
    def each_page_is_in_exactly_one_place(self):
        held, owned = self.machine.driver.held.tolist(), self.owned()
        assert len(held) == len(set(held))
        assert not owned & set(held)
        assert not set(self.in_use) & (owned | set(held))
        assert owned | set(held) | set(self.in_use) == self.owned_at_boot

    @invariant()
    def the_host_released_only_what_was_ballooned(self):
        self.remember()
        released = np.flatnonzero(~self.host.device.backend.resident)
        assert set(released.tolist()) <= self.ever_ballooned
        assert set(self.machine.driver.held.tolist()) <= set(released.tolist())


TestMachineNeverLosesAPage = MachineNeverLosesAPage.TestCase
TestMachineNeverLosesAPage.settings = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_seven_gib_of_the_idle_capture_on_the_classic_path(idle_8g):
    from balloonkit.predict import guest_of

    with Machine(guest_of(idle_8g), CLASSIC) as machine:
        report = machine.inflate("7GiB")
    assert report.counts.pages == report.counts.releases == 1_835_008
    assert report.counts.messages == 7168
    assert report.resident_bytes == (8 << 30, 1 << 30)
    assert round(report.model.total * 1000) == 4126


def test_without_the_feature_on_either_side_both_speak_classic():
    for driver, offered in ((CLASSIC, PROPOSED), (PROPOSED, CLASSIC)):
        with Machine(Guest.idle("64MiB"), driver, ModelHost("64MiB", offered)) as machine:
            assert Feature.PAGE_CHUNKS not in machine.features
            assert machine.inflate("4MiB").counts.messages == 4


def test_chunks_split_at_bitmap_edges_and_joined_are_both_countable(idle_8g):
    from balloonkit.predict import guest_of

    entries = {}
    for join in (False, True):
        with Machine(guest_of(idle_8g), format=PageChunks(join=join)) as machine:
            entries[join] = machine.inflate("7GiB").counts.entries
    assert entries[False] > entries[True]


def test_measured_and_model_time_are_both_reported_and_kept_apart():
    with Machine(Guest.idle("64MiB")) as machine:
        report = machine.inflate("16MiB")
    assert min(report.measured.as_dict().values()) >= 0
    assert report.model != report.measured


def test_a_size_inside_a_page_is_refused():
    with Machine(Guest.idle("64MiB")) as machine, pytest.raises(ValueError, match="4097"):
        machine.inflate(4097)


def test_a_format_of_ones_own_is_spoken_again_after_a_reset():
    with Machine(Guest.idle("64MiB"), format=Pairs()) as machine:
        assert machine.driver.format.name == Pairs.name
        first = machine.inflate("4MiB").counts
        machine.reset()
        assert machine.inflate("4MiB").counts.entries == first.entries
        assert machine.deflate("4MiB").counts.refused_pages == 0
