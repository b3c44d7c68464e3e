"""The bits of /proc/kpageflags: one list, read by all."""

import re
from pathlib import Path

import balloonkit
from balloonkit.guest import page_states

ROOT = Path(balloonkit.__file__).parent


def test_the_bits_are_those_of_the_kernels_header():
    """include/uapi/linux/kernel-page-flags.h; from 32 on include/linux/kernel-page-flags.h."""
    known = {"LRU": 5, "SLAB": 7, "BUDDY": 10, "ANON": 12, "COMPOUND_HEAD": 15, "COMPOUND_TAIL": 16}
    known |= {"HUGE": 17, "NOPAGE": 20, "THP": 22, "OFFLINE": 23, "PGTABLE": 26, "RESERVED": 32}
    known |= {"MAPPEDTODISK": 34, "LOCKED": 0, "DIRTY": 4, "ACTIVE": 6, "WRITEBACK": 8, "MMAP": 11}
    known |= {"SWAPBACKED": 14, "UNEVICTABLE": 18}
    bits = {name: bit for name, bit in vars(page_states).items() if name.startswith("KPF_")}
    assert bits == {f"KPF_{name}": bit for name, bit in known.items()}


def test_no_other_module_has_a_list_of_its_own():
    own = re.compile(r"^_?KPF_\w+.*=", re.MULTILINE)
    found = {p.name for p in ROOT.rglob("*.py") if own.search(p.read_text())}
    assert found == {"page_states.py"}
