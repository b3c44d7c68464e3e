import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.history import FORMATS, compare_formats
from balloonkit.history.formats import Traffic
from balloonkit.wire import encode_chunks, encode_pfns, pack_chunks

BITS = 262_144


def test_no_pages_need_no_message_except_hintings_start_and_stop() -> None:
    sent = compare_formats(np.array([], np.int64))
    assert sent.pop("FREE_PAGE_HINT") == Traffic(2, 0, 8, 0)
    assert set(sent.values()) == {Traffic(0, 0, 0, 0)}


@given(st.sets(st.integers(0, 5000), min_size=1, max_size=200))
def test_bytes_are_those_of_real_messages(pfns: set[int]) -> None:
    pages = np.array(sorted(pfns))
    sent = compare_formats(pages)
    assert sent["classic"].bytes == len(encode_pfns(pages))
    assert sent["v10"].bytes == len(encode_chunks(pack_chunks(pages)))
    assert sent["v10"].entries == len(pack_chunks(pages))


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 3000)), min_size=1, max_size=4))
def test_blocks_are_the_whole_aligned_ones(ranges: list[tuple[int, int]]) -> None:
    held = {pfn for base, size in ranges for pfn in range(base, base + size)}
    order_10 = [b for b in range(0, 13_000, 1024) if held.issuperset(range(b, b + 1024))]
    order_9 = [b for b in range(0, 13_000, 512) if held.issuperset(range(b, b + 512))]
    sent = compare_formats(np.array(sorted(held)))
    assert sent["FREE_PAGE_HINT"].entries == len(order_10)
    assert sent["REPORTING"].entries == len(order_9) - len(order_10)
    assert sent["REPORTING"].pages == len(order_9) * 512


def test_v2_bitmap_starts_and_ends_on_64_bit_words_and_skips_empty_rounds() -> None:
    assert compare_formats(np.array([70, 130]))["v2"] == Traffic(1, 128, 32 + 16, 2)
    far = np.array([0, 3 * 32 * BITS + 5])
    assert compare_formats(far)["v2"] == Traffic(2, 128, 2 * 32 + 16, 2)


def test_v6_takes_a_second_word_for_a_run_its_12_bits_cannot_hold() -> None:
    assert compare_formats(np.arange(4095))["v6"].bytes == 8 + 8
    assert compare_formats(np.arange(4096))["v6"].bytes == 8 + 16


def test_v6_sends_its_buffer_while_two_words_still_fit() -> None:
    assert compare_formats(np.arange(0, 2 * 4095, 2))["v6"].messages == 1
    assert compare_formats(np.arange(0, 2 * 4096, 2))["v6"].messages == 2


def test_a_run_across_a_bitmap_edge_is_two_chunks_but_one_descriptor() -> None:
    sent = compare_formats(np.arange(BITS + 1))
    assert (sent["v10"].entries, sent["v11"].entries, sent["v12"].entries) == (2, 2, 1)


def test_limits_per_message_are_those_of_each_format() -> None:
    sent = compare_formats(np.arange(0, 2 * 2048, 2))
    assert {f.version: sent[f.version].messages for f in FORMATS} == {
        "classic": 8,
        "v2": 1,
        "v6": 1,
        "v10": 2,
        "v11": 3,
        "v12": 16,
        "v13": 2048,
        "FREE_PAGE_HINT": 2,
        "REPORTING": 0,
    }
