"""The layout a kernel tells of itself, from words of memory and from a real guest."""

import pytest

from balloonkit.live.page_layout import PageLayout

VMEMMAP, TEXT = 0xFFEA << 48, 0xFF11 << 48
KALLSYMS = "1000 D vmemmap_base\n2000 B vmcoreinfo_data\n3000 B vmcoreinfo_size\n"
LINUX_6_12 = """OSRELEASE=6.12.95
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page._refcount)=52
OFFSET(page.lru)=8
OFFSET(page._mapcount)=48
OFFSET(page.private)=40
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
"""


def memory(text=LINUX_6_12, size=None):
    words = {0x1000: VMEMMAP, 0x2000: TEXT, 0x3000: len(text) if size is None else size}

    def read(address, size_bytes):
        if address == TEXT:
            return text.encode()[:size_bytes]
        return words[address].to_bytes(8, "little")[:size_bytes]

    return read


def test_offsets_and_the_mark_of_a_free_block_are_the_kernels_own():
    layout = PageLayout.of_guest(memory(), KALLSYMS)
    assert layout == PageLayout(VMEMMAP, 64, 8, 40, 52, 48, 0xF0000000)


@pytest.mark.parametrize("line", LINUX_6_12.splitlines()[1:])
def test_a_kernel_that_leaves_a_line_out_tells_no_layout(line):
    layout = PageLayout.of_guest(memory(LINUX_6_12.replace(line, "")), KALLSYMS)
    assert (layout is None) == ("page.flags" not in line)


@pytest.mark.parametrize("lru", [-8, 4, 56, 64, 1 << 40])
def test_an_offset_outside_a_struct_page_or_not_of_a_word_is_no_layout(lru):
    text = LINUX_6_12.replace("lru)=8", f"lru)={lru}")
    assert PageLayout.of_guest(memory(text), KALLSYMS) is None


@pytest.mark.parametrize("size", [0, 4097, 1 << 60])
def test_a_text_of_no_size_or_over_a_page_is_not_read(size):
    assert PageLayout.of_guest(memory(size=size), KALLSYMS) is None


@pytest.mark.parametrize("symbol", ["vmemmap_base", "vmcoreinfo_data", "vmcoreinfo_size"])
def test_without_one_of_the_symbols_there_is_no_layout(symbol):
    assert PageLayout.of_guest(memory(), KALLSYMS.replace(symbol, "other")) is None


def test_a_real_guest_tells_its_layout(booted):
    kallsyms = booted.run("grep -E 'vmemmap_base|vmcoreinfo_' /proc/kallsyms")
    layout = PageLayout.of_guest(booted.read_kernel, kallsyms)
    assert (layout.size_bytes, layout.link) == (64, 8)
    assert layout.buddy_type in (0xFFFFFF7F, 0xF0000000)
