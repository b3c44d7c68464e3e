"""Sizes in words and in pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.ram_layout import RamRange, pfn_span, ram_layout
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
