"""The review list, literally: what each smallest input led to, posted, alone and repaired."""

import pytest

from balloonkit.history import AS_POSTED, B1_REPAIRED, Fault, V10Driver, replay

BITS = 262_144
NOTHING: tuple[tuple[int, int], ...] = ()

# fault: (told to inflate by the posting, B1 repaired; by a driver with only this fault; by none)
TOLD = {
    Fault.B2: (NOTHING, NOTHING, ((100, 1),)),
    Fault.B3: (((100, 1),), ((100, 1),), ((100, 2),)),
    Fault.B4: (
        ((0, 1), (2, 1)),
        ((0, 1), (2, 1), (64, 1)),
        ((0, 1), (2, 1), (4, 1), (64, 1)),
    ),
    Fault.B5: (((0, 1),), ((0, 1),), ((0, 1), (BITS, 1))),
    Fault.B6: (((300_000, 1),), ((300_000, 2),), ((0, 2), (300_000, 2))),
    Fault.B7: (NOTHING, NOTHING, ((0, 1), (BITS, 1), (300_000, 1))),
    Fault.B8: (
        ((100, 1), (101, 3)),
        ((100, 1), (102, 1), (101, 3), (164, 1)),
        ((100, 1), (102, 1), (101, 1), (103, 1), (164, 1)),
    ),
    Fault.B9: (
        ((200, 1), (100, 1), (300, 2)),
        ((200, 1), (100, 1), (300, 2), (364, 1)),
        ((200, 1), (300, 2), (364, 1)),
    ),
    Fault.B15: (((0x10, 32),), ((0x10, 32), (0x50, 16)), ((0x100, 32), (0x500, 16))),
}


@pytest.mark.parametrize("fault", TOLD)
def test_smallest_input_gives_the_reviewed_outcome(fault: Fault) -> None:
    posted, alone, repaired = TOLD[fault]
    assert replay(fault.story, B1_REPAIRED).told("inflate") == posted
    assert replay(fault.story, {fault}).told("inflate") == alone
    assert replay(fault.story, ()).told("inflate") == repaired


def test_b1_tells_the_host_nothing_whatever_is_ballooned() -> None:
    for faults in (AS_POSTED, {Fault.B1}):
        assert replay(Fault.B1.story, faults).messages == ()
        driver = V10Driver(faults)
        driver.inflate(range(0, 5_000_000, 7))
        assert driver.messages == []
    assert replay(Fault.B1.story, ()).told("inflate") == ((100, 3),)


def test_b7_follows_a_null_pointer_and_nothing_else_does() -> None:
    for fault in Fault:
        for faults in (B1_REPAIRED, {fault}, frozenset[Fault]()):
            crash = replay(fault.story, faults).crash
            assert bool(crash) == (fault is Fault.B7 and fault in faults)
    assert "bitmap 1" in replay(Fault.B7.story, B1_REPAIRED).crash


def test_b8_sends_an_old_page_again_only_in_the_second_fill() -> None:
    second = replay(Fault.B8.story, B1_REPAIRED).messages[1]
    assert second.chunks == ((101, 3),)


def test_b9_hands_a_page_the_guest_owns_to_the_inflate_queue() -> None:
    faulty = replay(Fault.B9.story, B1_REPAIRED)
    assert [m.queue for m in faulty.messages] == ["inflate"]
    assert replay(Fault.B9.story, ()).told("deflate") == ((100, 1),)


@pytest.mark.parametrize(("bitmaps", "leaked"), [(3, 1), (5, 2), (10, 4), (32, 15)])
@pytest.mark.parametrize("faults", [B1_REPAIRED, {Fault.B10}])
def test_b10_leaks_about_half_of_the_extra_bitmaps(
    bitmaps: int, leaked: int, faults: frozenset[Fault]
) -> None:
    fill = (0, (bitmaps - 1) * BITS)
    driver = V10Driver(faults)
    driver.inflate(fill)
    assert driver.leaked_bitmaps == leaked
    driver.inflate(fill)
    assert driver.leaked_bitmaps == 2 * leaked
    repaired = V10Driver()
    repaired.inflate(fill)
    assert repaired.leaked_bitmaps == 0


@pytest.mark.parametrize("faults", [B1_REPAIRED, {Fault.B11}])
def test_b11_writes_past_the_buffer_after_a_failed_send(faults: frozenset[Fault]) -> None:
    outcome = replay(Fault.B11.story, faults)
    assert outcome.overrun == (2047, 2048)
    assert outcome.messages == ()


def test_without_b11_a_failed_send_is_tried_again_and_loses_nothing() -> None:
    driver = V10Driver()
    driver.failing_sends = 3
    driver.inflate(range(0, 2 * 2049, 2))
    assert driver.overrun == []
    assert [len(m.chunks) for m in driver.messages] == [2047, 2]


@pytest.mark.parametrize("faults", [B1_REPAIRED, {Fault.B17}])
def test_b17_makes_todays_host_read_a_chunk_as_six_pages(faults: frozenset[Fault]) -> None:
    assert replay(Fault.B17.story, faults).read_pfns == (1, 0, 0x100000, 0, 0x3000, 0)
    assert replay(Fault.B17.story, ()).read_pfns == (0x100, 0x101, 0x102)


def test_every_fault_tells_its_whole_story() -> None:
    for fault in Fault:
        story = fault.story
        assert story.steps
        assert all((story.title, story.told, story.hint, story.fix))
