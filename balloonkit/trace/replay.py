"""What a trace says at one step: the changes of all steps up to it, applied to its start.

The player in the browser does the same in its ``replay.js``; golden traces hold the two together.
"""

import copy
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.trace.run_lengths import read_run_lengths
from balloonkit.trace.step import Trace
from balloonkit.trace.window import PlainTrace

__all__ = ["START", "State", "state_at", "states"]

#: The position before the first step.
START = -1


@dataclass
class State:
    """Every pane's content at one step.

    Of a trace cropped to a window (`balloonkit.trace.crop`) it holds what lies in the window, and
    counts the rest.

    Attributes
    ----------
    pages : array of uint8, shape (guest pages,)
        0 hole, 1 in use, 2 free, 3 in the balloon.
    lists : list of list of list of int
        First PFN of each free block, by zone and order, head first.
    stock : list of list of int
        Pages of the per-CPU stock by zone, head first.
    bitmap : dict or None
        Base PFN, bits, count and most of the bitmaps as last laid.
    bits : array of uint8, shape (bits,)
        Those past the guest's last page stay clear and are left out.
    entries : list of (base, size)
        The message buffer, in 4 KiB balloon pages.
    indices : list of int
        Place in the message of each of `entries`.
    message : dict or None
        The last message on the virtqueue.
    host : array of uint8, shape (host pages,)
        1 resident, 0 released.
    reject : list of [entry or None, reason, detail]
        What the host refused of the last message.
    counters : list of int
    first_pfn, first_host_page : int
        What `pages` and `host` begin with; 0 without a window.
    outside : dict
        What a window leaves out, counted: ``pages`` by state, blocks of ``lists`` by zone and
        order, pages in ``stock`` by zone, ``bits`` set, ``entries``, ``host`` pages by state.
        Empty without a window.
    """

    pages: NDArray[np.uint8]
    lists: list[list[list[int]]]
    stock: list[list[int]]
    host: NDArray[np.uint8]
    counters: list[int]
    bitmap: dict[str, int] | None = None
    bits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    entries: list[tuple[int, int]] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    message: dict[str, Any] | None = None
    reject: list[list[Any]] = field(default_factory=list)
    first_pfn: int = 0
    first_host_page: int = 0
    outside: dict[str, Any] = field(default_factory=dict)

    @property
    def first_bit(self) -> int:
        """The bit `bits` begins with, counted from the first bitmap's first; 0 without a window."""
        return max(self.first_pfn - self.bitmap["base"], 0) if self.bitmap else 0


def state_at(trace: Trace | PlainTrace, step: int) -> State:
    """Return the state after `step`; `START` is the state before any.

    Parameters
    ----------
    trace : Trace or dict
        A trace, or its plain data.

    Raises
    ------
    IndexError
        If the trace has no such step.

    Examples
    --------
    >>> from balloonkit import Guest, trace_inflate
    >>> trace = trace_inflate(Guest.idle("256KiB"), 4)
    >>> [state_at(trace, step).pages[:4].tolist() for step in (START, 0, 4)]
    [[1, 2, 2, 2], [1, 3, 2, 2], [1, 3, 3, 2]]
    """
    plain = trace.as_dict() if isinstance(trace, Trace) else trace
    steps = plain["steps"]
    if not START <= step < len(steps):
        raise IndexError(f"step {step}: this trace has steps 0 to {len(steps) - 1}, start {START}")
    state = _start(plain)
    for change in steps[: step + 1]:
        _apply(state, change)
    return state


def states(trace: Trace | PlainTrace) -> Iterator[State]:
    """Walk a trace: the state at its start, then after each step. It is one state, changed.

    Examples
    --------
    >>> from balloonkit import Guest, trace_inflate
    >>> trace = trace_inflate(Guest.idle("1MiB"), "64KiB")
    >>> [int((state.pages == 3).sum()) for state in states(trace)][-1]
    16
    """
    plain = trace.as_dict() if isinstance(trace, Trace) else trace
    state = _start(plain)
    yield state
    for change in plain["steps"]:
        _apply(state, change)
        yield state


def _start(trace: PlainTrace) -> State:
    initial = trace["initial"]
    return State(
        pages=read_run_lengths(initial["pages"]),
        lists=[[list(blocks) for blocks in zone] for zone in initial["lists"]],
        stock=[list(pages) for pages in initial["stock"]],
        host=read_run_lengths(initial["host"]),
        counters=[0] * len(trace["counters"]),
        first_pfn=trace.get("window", [0])[0],
        first_host_page=trace["regions"][0][2] if trace["regions"] else 0,
        outside=copy.deepcopy(initial.get("outside", {})),
    )


def _apply(state: State, change: dict[str, Any]) -> None:
    _apply_lists(state, change.get("lists", ()))
    for how, zone, pages in change.get("stock", ()):
        if how == "-":
            gone = set(pages)
            state.stock[zone] = [page for page in state.stock[zone] if page not in gone]
        elif how == "+":
            state.stock[zone] = pages[::-1] + state.stock[zone]
        else:
            state.stock[zone] = state.stock[zone] + pages
    for base, pages, code in change.get("state", ()):
        state.pages[base - state.first_pfn : base - state.first_pfn + pages] = code
    if "bitmap" in change:
        state.bitmap = laid = change["bitmap"]
        in_reach = state.first_pfn + len(state.pages) - laid["base"]
        in_hand = laid["bits"] * laid["count"]
        state.bits = np.zeros(max(min(in_hand, in_reach) - state.first_bit, 0), np.uint8)
    for bit, length in change.get("bits", ()):
        state.bits[bit - state.first_bit : bit - state.first_bit + length] = 1
    if change.get("clear"):
        state.entries, state.indices = [], []
    for index, base, size in change.get("entries", ()):
        at = bisect_left(state.indices, index)
        known = state.indices[at : at + 1] == [index]
        state.indices[at : at + known] = [index]
        state.entries[at : at + known] = [(base, size)]
    for page, pages, resident in change.get("host", ()):
        page -= state.first_host_page
        state.host[page : page + pages] = resident
    if change["kind"] in ("send", "messages", "reset"):
        state.reject = []
    state.reject = state.reject + change.get("reject", [])
    state.message = change.get("message", state.message)
    state.counters = change.get("counters", state.counters)
    _apply_outside(state.outside, change.get("outside", {}))


def _apply_lists(state: State, changes: Any) -> None:
    gone: dict[tuple[int, int], set[int]] = {}
    for how, zone, order, base in changes:
        if how == "-":
            gone.setdefault((zone, order), set()).add(base)
    for (zone, order), bases in gone.items():
        blocks = state.lists[zone][order]
        state.lists[zone][order] = [base for base in blocks if base not in bases]
    came: dict[tuple[int, int, str], list[int]] = {}
    for how, zone, order, base in changes:
        if how != "-":
            came.setdefault((zone, order, how), []).append(base)
    for (zone, order, how), more in came.items():
        blocks = state.lists[zone][order]
        state.lists[zone][order] = more[::-1] + blocks if how == "+" else blocks + more


def _apply_outside(outside: dict[str, Any], change: dict[str, Any]) -> None:
    for what, now in change.items():
        if what == "lists":
            for zone, order, blocks in now:
                outside["lists"][zone][order] = blocks
        elif what == "stock":
            for zone, pages in now:
                outside["stock"][zone] = pages
        else:
            outside[what] = now
