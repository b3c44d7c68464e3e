"""Machines drawn by hypothesis, and the texts a person would paste of them, noise and all."""

import re
import textwrap
from dataclasses import dataclass

from hypothesis import strategies as st

LETTERS = {"Unmovable": "U", "Movable": "M", "Reclaimable": "E", "HighAtomic": "H"}


@dataclass
class Machine:
    """Free blocks by order of each zone, by (node, name)."""

    page_kb: int
    orders: int
    zones: dict[tuple[int, str], list[int]]


@st.composite
def machines(draw):
    """A machine of one or two nodes, 11 to 21 orders, pages of 4 to 64 KiB."""
    orders = draw(st.sampled_from([11, 11, 12, 13, 14, 17, 21]))
    names = draw(
        st.lists(
            st.sampled_from(["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"]),
            min_size=1,
            unique=True,
        )
    )
    keys = [(0, name) for name in names]
    if draw(st.booleans()):
        keys += [(1, "Normal"), (1, "Movable")]
    counts = st.lists(st.integers(0, 99999), min_size=orders, max_size=orders)
    zones = {key: draw(counts) for key in sorted(keys)}
    return Machine(draw(st.sampled_from([4, 8, 16, 32, 64])), orders, zones)


def buddyinfo(machine):
    for (node, name), counts in machine.zones.items():
        yield f"Node {node}, zone {name:>8} " + "".join(f"{n:6d} " for n in counts)


def pagetypeinfo(machine, draw):
    header = "Free pages count per migrate type at order "
    yield "Page block order: 9"
    yield "Pages per block:  512"
    yield header + " ".join(f"{order:6d}" for order in range(machine.orders))
    for (node, name), counts in machine.zones.items():
        movable = [draw(st.integers(0, n)) for n in counts]
        for kind, part in (
            ("Unmovable", [n - m for n, m in zip(counts, movable, strict=True)]),
            ("Movable", movable),
        ):
            figures = " ".join(f"{n:6d}" for n in part)
            yield f"Node {node:4d}, zone {name:>8}, type {kind:>12} {figures} "
    yield "Number of blocks type     Unmovable      Movable"
    for node, name in machine.zones:
        yield f"Node {node}, zone {name:>8}            3            7 "


def meminfo(machine, draw, node_known):
    """The Mem-Info block; without "Node 0" as kernels of one node wrote it."""
    yield "Mem-Info:"
    for (node, name), counts in machine.zones.items():
        prefix = f"Node {node} " if node_known else ""
        kb = sum(n << order for order, n in enumerate(counts)) * machine.page_kb
        yield f"{prefix}{name} free:{kb}kB min:12kB low:24kB high:36kB present:99999kB"
        yield "lowmem_reserve[]: 0 0 0"
    for (node, name), counts in machine.zones.items():
        prefix = f"Node {node} " if node_known else ""
        columns = []
        for order, n in enumerate(counts):
            letters = draw(st.sampled_from(["U", "UME", "M", "H"])) if n else ""
            columns.append(f"{n}*{machine.page_kb << order}kB" + (f" ({letters})" if n else ""))
        kb = sum(n << order for order, n in enumerate(counts)) * machine.page_kb
        yield f"{prefix}{name}: {' '.join(columns)} = {kb}kB"


_PREFIXES = [
    "",
    "> ",
    ">> ",
    "[ 1234.567890] ",
    "[Sep 23 22:56:09] ",
    "Sep 23 22:56:09 web1 kernel: ",
]
_PROSE = ["$ cat it", "root@web1:~# dmesg | tail", "it is slow since Monday", "", "Thanks!", "-- "]


@st.composite
def write_text(draw, machine):
    """The machine's text, as bytes, with what people leave around it."""
    # Only Mem-Info tells the page size: the others are taken for pages of 4 KiB.
    kinds = ["meminfo"]
    if machine.page_kb == 4 and machine.orders != 14:
        kinds += ["buddyinfo", "pagetypeinfo"]
    kind = draw(st.sampled_from(kinds))
    one_node = all(node == 0 for node, _ in machine.zones)
    lines = {
        "buddyinfo": lambda: buddyinfo(machine),
        "pagetypeinfo": lambda: pagetypeinfo(machine, draw),
        "meminfo": lambda: meminfo(machine, draw, not (one_node and draw(st.booleans()))),
    }[kind]()
    lines = list(lines)
    if kind == "meminfo" and draw(st.booleans()):
        lines = [re.sub(r"(?<=\d)\*(?=\d)", "", line) for line in lines]  # eaten by markdown
    if draw(st.booleans()):
        lines = [
            part
            for line in lines
            for part in textwrap.wrap(line, 72, break_on_hyphens=False, break_long_words=False)
        ]
    before, after = (draw(st.lists(st.sampled_from(_PROSE), max_size=3)) for _ in range(2))
    prefix = draw(st.sampled_from(_PREFIXES))
    end = draw(st.sampled_from(["\n", "\r\n", "\\x0a"]))
    return end.join(prefix + line for line in [*before, *lines, *after]).encode()
