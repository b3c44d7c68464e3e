"""What a trace says at one step: the changes of all steps up to it, applied to its start.

The player in the browser does the same in ``web/replay.js``; tests hold the two together.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["START", "State", "host_pages", "state_at"]

Trace = dict[str, Any]

#: The position before the first step.
START = -1


@dataclass
class State:
    """Every pane's content at one step.

    Attributes
    ----------
    pages : array of uint8, shape (guest pages,)
        0 hole, 1 in use, 2 free, 3 in the balloon.
    lists : list of list of list of int
        First PFN of each free block, by zone and order, head first.
    bitmap : dict or None
        Base PFN, bits, count and most of the bitmaps as last laid.
    bits : array of uint8, shape (bits,)
        Those past the guest's last page stay clear and are left out.
    entries : list of (base, size)
        The message buffer, in 4 KiB balloon pages.
    message : dict or None
        The last message on the virtqueue.
    host : array of uint8, shape (host pages,)
        1 resident, 0 released.
    counters : list of int
    """

    pages: NDArray[np.uint8]
    lists: list[list[list[int]]]
    host: NDArray[np.uint8]
    counters: list[int]
    bitmap: dict[str, int] | None = None
    bits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    entries: list[tuple[int, int]] = field(default_factory=list)
    message: dict[str, Any] | None = None


def host_pages(trace: Trace) -> int:
    """Return the size of the host mapping in 4 KiB pages."""
    return max((host + pages for _, pages, host in trace["regions"]), default=0)


def state_at(trace: Trace, step: int) -> State:
    """Return the state after `step`; `START` is the state before any.

    Raises
    ------
    IndexError
        If the trace has no such step.

    Examples
    --------
    >>> trace = {"span": 2, "initial": {"pages": [[2, 2]], "lists": [[[], [0]]]},
    ...          "regions": [[0, 2, 0]], "counters": [],
    ...          "steps": [{"state": [[0, 2, 3]], "lists": [["-", 0, 1, 0]]}]}
    >>> state_at(trace, 0).pages.tolist(), state_at(trace, START).lists
    ([3, 3], [[[], [0]]])
    """
    steps = trace["steps"]
    if not START <= step < len(steps):
        raise IndexError(f"step {step}: this trace has steps 0 to {len(steps) - 1}, start {START}")
    codes, lengths = zip(*trace["initial"]["pages"], strict=True)
    state = State(
        pages=np.repeat(np.array(codes, np.uint8), lengths),
        lists=[[list(blocks) for blocks in zone] for zone in trace["initial"]["lists"]],
        host=np.zeros(host_pages(trace), np.uint8),
        counters=[0] * len(trace["counters"]),
    )
    for _, pages, host in trace["regions"]:
        state.host[host : host + pages] = 1
    for change in steps[: step + 1]:
        _apply(state, change)
    return state


def _apply(state: State, change: dict[str, Any]) -> None:
    for how, zone, order, base in change.get("lists", ()):
        blocks = state.lists[zone][order]
        if how == "-":
            blocks.remove(base)
        else:
            blocks.insert(0 if how == "+" else len(blocks), base)
    for base, pages, code in change.get("state", ()):
        state.pages[base : base + pages] = code
    if "bitmap" in change:
        state.bitmap = change["bitmap"]
        in_reach = len(state.pages) - state.bitmap["base"]
        in_hand = state.bitmap["bits"] * state.bitmap["count"]
        state.bits = np.zeros(min(in_hand, in_reach), np.uint8)
    for bit, length in change.get("bits", ()):
        state.bits[bit : bit + length] = 1
    if change.get("clear"):
        state.entries = []
    for index, base, size in change.get("entries", ()):
        state.entries[index : index + 1] = [(base, size)]
    for base, pages, resident in change.get("host", ()):
        state.host[base : base + pages] = resident
    state.message = change.get("message", state.message)
    state.counters = change.get("counters", state.counters)
