"""Sizes in words and in pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.ram_layout import RamRange, parse_ram, pfn_span, ram_layout, with_dimms
from balloonkit.units import format_size, parse_size, size_to_pages


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("7GiB", 7 << 30), ("512 mib", 512 << 20), ("1.5G", 3 << 29), ("0", 0), (4096, 4096)],
)
def test_sizes_are_read_as_people_write_them(text, size_bytes):
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GiB", "7 GB/s", "-1GiB", "1e3", "0.3B", -1])
def test_what_is_no_size_is_refused_with_its_text(text):
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8GB", "'8GB': GB may be 1000 or 1024 to the power; write GiB"),
        ("8 EiB", "unit 'EiB'; write KiB, MiB, GiB or TiB"),
        ("3.7GiB", "between 3,972,844,748 and 3,972,844,749 bytes.* 3789MiB is near"),
        ("0.3B", "a page, 4KiB, is near"),
        ("9" * 320, "a number of 320 digits, and no address is beyond"),
        ("9" * 5000 + "GiB", "a number of 5000 digits"),
        ("16777217TiB", "no address is beyond 16777216 TiB"),
        (10**320, "no address is beyond"),
        ("\u0663GiB", "write a number and a unit"),
    ],
)
def test_what_is_typed_is_answered_for_what_it_is(text, said):
    with pytest.raises(ValueError, match=said):
        parse_size(text)


def test_no_digit_is_lost_on_the_way_through_a_size():
    assert parse_size("9007199254740993") == 9007199254740993  # 2^53 + 1: no float holds it
    assert parse_size("8191.9990234375GiB") == 8796091973632


def test_seven_gib_are_the_proposals_page_count():
    assert size_to_pages("7GiB") == 1_835_008
    with pytest.raises(ValueError, match="4 KiB pages"):
        size_to_pages("5KiB")


@given(st.integers(1, 1 << 20), st.sampled_from(["KiB", "MiB", "GiB"]))
def test_a_formatted_size_is_within_half_a_hundredth_of_its_unit(number, unit):
    size_bytes = parse_size(f"{number}{unit}")
    shown, shown_unit = format_size(size_bytes).split()
    assert abs(float(shown) - size_bytes / parse_size(f"1{shown_unit}")) <= 0.0050001


def test_ram_of_a_big_guest_leaves_the_hole_below_four_gib():
    assert ram_layout(1 << 30) == (RamRange(0, 1 << 30),)
    assert ram_layout(8 << 30) == (RamRange(0, 2 << 30), RamRange(4 << 30, 6 << 30))
    assert pfn_span(8 << 30) == 2_621_440


@pytest.mark.parametrize(
    ("preset", "all_low", "low"),
    [("q35", 2816, 2048), ("pc", 3584, 3072), ("firecracker", 3072, 3072)],
)
def test_each_machine_keeps_its_own_share_below_the_hole(preset, all_low, low):
    assert len(ram_layout(all_low << 20, preset)) == 1
    ranges = ram_layout(8 << 30, preset)
    assert ranges[0] == RamRange(0, low << 20)
    assert ranges[1] == RamRange(4 << 30, (8 << 30) - (low << 20))
    with pytest.raises(ValueError, match=r"RAM layout 'vax': choose one of q35, pc"):
        ram_layout(1 << 30, "vax")


def test_memory_plugged_in_later_lies_above_all_else():
    ranges = with_dimms(ram_layout(8 << 30), [1 << 30, 512 << 20])
    assert ranges[2:] == (RamRange(10 << 30, 1 << 30), RamRange(11 << 30, 512 << 20))
    with pytest.raises(ValueError, match="DIMM of 100 bytes"):
        with_dimms(ranges, [100])


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("q35", [(0, 2), (4, 6)]),
        ("firecracker", [(0, 3), (4, 5)]),
        ("pc+1GiB+2GiB", [(0, 3), (4, 5), (9, 1), (10, 2)]),
        ("0:3GiB,4GiB:5GiB", [(0, 3), (4, 5)]),
        ("1GiB:8GiB", [(1, 8)]),
    ],
)
def test_a_layout_is_a_machine_a_machine_with_more_plugged_in_or_ranges(text, ranges):
    expected = tuple(RamRange(gpa << 30, size << 30) for gpa, size in ranges)
    assert parse_ram(text, 8 << 30) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vax", "choose one of q35"),
        ("q35+much", "much"),
        ("q35+", "write a number"),
        ("0:4GiB", "4 GiB in all, and the guest has 8 GiB"),
        ("0:4GiB,2GiB:4GiB", "'2GiB:4GiB': begins before"),
        ("0:4GiB,8GiB", "'8GiB': give START:SIZE"),
        ("1:8GiB", "not whole pages"),
        ("0:0,0:8GiB", "at least one"),
    ],
)
def test_a_layout_that_is_none_shows_the_wrong_part(text, said):
    with pytest.raises(ValueError, match=said):
        parse_ram(text, 8 << 30)
