"""Where RAM lies, as machines tell it."""

import pytest

from balloonkit.captures import NEWER, SHIPPED, load_capture
from balloonkit.captures.iomem import host_regions, ram_ranges
from balloonkit.ram_layout import RamRange, ram_layout


@pytest.mark.parametrize("name", [*SHIPPED, *NEWER])
def test_a_captures_own_regions_are_those_its_machine_has(name):
    capture = load_capture(name)
    assert capture.ram == ram_layout(capture.guest_bytes)


def test_a_module_plugged_in_later_is_a_region_of_its_own():
    text = "00100000-3fffffff : System RAM\n100000000-11fffffff : System RAM"
    assert host_regions(ram_ranges(text))[1] == RamRange(4 << 30, 512 << 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no System RAM"),
        ("00000000-00000000 : System RAM", "read without rights"),
        ("00200000-002fffff : System RAM\n00100000-001fffff : System RAM", "does not ascend"),
        ("00200000-00100000 : System RAM", "does not ascend"),
        ("0-ffffffffffffffff : System RAM", "beyond any address"),
    ],
)
def test_an_iomem_that_cannot_be_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        ram_ranges(text)
