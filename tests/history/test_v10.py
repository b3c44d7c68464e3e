import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.history import AS_POSTED, B1_REPAIRED, Fault, V10Driver, pages_lost
from balloonkit.history.packing import NullPointerError
from balloonkit.wire import PageBitmaps, find_runs, join_chunks, pack_chunks

PAGE_SETS = st.sets(st.integers(0, 900), min_size=1, max_size=80)
BITMAPS = st.integers(1, 4)
FAULT_SETS = st.sets(st.sampled_from(sorted(Fault, key=lambda f: f.name)))


def chunks_of(driver: V10Driver, queue: str = "inflate") -> list[tuple[int, int]]:
    return [chunk for m in driver.messages if m.queue == queue for chunk in m.chunks]


@given(PAGE_SETS, BITMAPS)
def test_without_faults_chunks_are_the_runs_within_each_bitmap(
    pfns: set[int], max_bitmaps: int
) -> None:
    driver = V10Driver(bits=64, max_bitmaps=max_bitmaps)
    driver.inflate(sorted(pfns))
    pages = np.array(sorted(pfns))
    expected = [
        (base_pfn + index * 64 + first, length)
        for base_pfn, bitmaps in PageBitmaps(64, max_bitmaps).rounds(pages)
        for index, bitmap in enumerate(bitmaps)
        for first, length in find_runs(bitmap).tolist()
    ]
    assert chunks_of(driver) == expected
    joined = join_chunks(np.array(chunks_of(driver), np.uint64))
    assert joined.tolist() == pack_chunks(pages).tolist()
    assert driver.leaked_bitmaps == 0


@given(PAGE_SETS, BITMAPS, FAULT_SETS)
def test_range_and_search_faults_only_lose_pages_and_never_invent_them(
    pfns: set[int], max_bitmaps: int, faults: set[Fault]
) -> None:
    driver = V10Driver(faults - {Fault.B15}, bits=64, max_bitmaps=max_bitmaps)
    try:
        driver.inflate(sorted(pfns))
    except NullPointerError:
        assert Fault.B7 in faults
    told = [base + i for base, size in chunks_of(driver) for i in range(size)]
    assert len(told) == len(set(told))
    assert set(told) <= pfns


@given(PAGE_SETS, BITMAPS)
def test_posted_code_equals_a_bit_by_bit_reading_of_it(pfns: set[int], max_bitmaps: int) -> None:
    driver = V10Driver(B1_REPAIRED, bits=64, max_bitmaps=max_bitmaps)
    try:
        driver.inflate(sorted(pfns))
        told: list[tuple[int, int]] | None = chunks_of(driver)
    except NullPointerError:
        told = None
    assert told == posted_bit_by_bit(pfns, 64, max_bitmaps)


def posted_bit_by_bit(pfns: set[int], bits: int, max_bitmaps: int) -> list[tuple[int, int]] | None:
    """Posted control flow with one expression for the last bitmap; None for a null pointer."""
    lowest, highest = min(pfns), max(pfns)
    in_hand = min(max_bitmaps, -(-(highest - lowest + 1) // bits))
    chunks: list[tuple[int, int]] = []
    start = lowest
    while start < highest:
        end = min(start + bits * in_hand, highest)
        marked = [[False] * bits for _ in range(in_hand)]
        for pfn in pfns:
            if start <= pfn <= end:
                if (pfn - start) // bits >= in_hand:
                    return None
                marked[(pfn - start) // bits][(pfn - start) % bits] = True
        for index, bitmap in enumerate(marked):
            size = bits if index + 1 < in_hand else (end - start) % bits
            position = 0
            while position < size:
                first = next((b for b in range(position, size) if bitmap[b]), size)
                if first == size:
                    break
                after = next((b for b in range(first + 1, size) if not bitmap[b]), size)
                chunks.append((start + index * bits + first, after - first))
                position += after + 1
        start = end
    return chunks


def test_deflate_tells_the_deflate_queue_and_forgets_the_pages() -> None:
    driver = V10Driver()
    driver.inflate([5, 6, 7])
    driver.deflate([6])
    driver.inflate([])
    assert [(m.queue, m.chunks) for m in driver.messages] == [
        ("inflate", ((5, 3),)),
        ("deflate", ((6, 1),)),
    ]


def test_full_buffer_is_sent_at_once_and_the_rest_at_the_end() -> None:
    driver = V10Driver()
    driver.inflate(range(0, 10_000, 2))
    assert [len(m.chunks) for m in driver.messages] == [2047, 2047, 906]


def test_bad_page_sizes_bitmap_counts_and_pages_are_refused() -> None:
    with pytest.raises(ValueError, match="guest page of 5000"):
        V10Driver(page_bytes=5000)
    with pytest.raises(ValueError, match="33 bitmaps"):
        V10Driver(max_bitmaps=33)
    with pytest.raises(ValueError, match="-1"):
        V10Driver().inflate([-1])
    with pytest.raises(ValueError, match="float"):
        V10Driver().inflate([1.5])


def test_loss_names_the_lost_page_and_the_foreign_one() -> None:
    loss = pages_lost([0, 2, 4, 64])
    assert loss.lost_pfns.tolist() == [4, 64]
    assert (loss.chunks, loss.messages, loss.lost_share) == (2, 1, 0.5)
    wrong = pages_lost([0x10, 0x11], {Fault.B15}, page_bytes=65_536)
    assert wrong.ballooned == 32
    assert wrong.lost_pfns.tolist() == list(range(0x100, 0x120))
    assert wrong.foreign_pfns.tolist() == list(range(0x10, 0x30))
    assert pages_lost([]).lost_share == 0.0
    assert "bitmap 1" in pages_lost([0, 262_144, 300_000], max_bitmaps=1).crash
    assert len(pages_lost([1, 2], AS_POSTED).lost_pfns) == 2
