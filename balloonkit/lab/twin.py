"""The step player in plain text: every pane of one step, for a screen reader or a terminal."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from balloonkit.lab import palette
from balloonkit.trace import START, PlainTrace, State, state_at

__all__ = ["runs", "text_twin"]

#: Lines a pane may take before the rest is counted instead of listed.
MOST_LINES = 24


def runs(values: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """Return (first index, length, value) of each run.

    Examples
    --------
    >>> runs(np.array([2, 2, 3], np.uint8))
    [(0, 2, 2), (2, 1, 3)]
    """
    if not len(values):
        return []
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = np.diff(np.r_[starts, len(values)])
    return [(int(s), int(n), int(values[s])) for s, n in zip(starts, lengths, strict=True)]


def text_twin(trace: PlainTrace, step: int) -> str:
    """Return a plain text table of every pane at `step`.

    Examples
    --------
    >>> trace = {"title": "One page", "code": "seed=7", "span": 2, "zones": [["DMA", 0, 2]],
    ...          "initial": {"pages": [[2, 2]], "lists": [[[], [0]]],
    ...                      "stock": [[]], "host": [[1, 2]]},
    ...          "format": "classic", "regions": [[0, 2, 0]], "counters": ["pages"], "scale": 1,
    ...          "steps": [{"kind": "take", "why": "Take the head.", "counters": [2],
    ...                     "state": [[0, 2, 3]], "lists": [["-", 0, 1, 0]]}]}
    >>> print(text_twin(trace, 0))  # doctest: +ELLIPSIS
    One page
    seed=7 step=0 (0 to 0), take: Take the head.
    ...
    """
    state = state_at(trace, step)
    if step == START:
        now = f"step=start (0 to {len(trace['steps']) - 1})"
    else:
        change = trace["steps"][step]
        now = f"step={step} (0 to {len(trace['steps']) - 1}), {change['kind']}: {change['why']}"
    panes = {
        "Free lists (first PFN of each free block, head first)": _free_lists(trace, state),
        "Guest memory": _map(state.pages, palette.PAGE_LOOKS, "PFN"),
        "Page bitmaps": _bitmaps(trace, state),
        "Message buffer": _entries(trace, state),
        "Virtqueue": _message(state),
        "Host memory": _map(state.host, palette.HOST_LOOKS, "host page"),
        "Counters": (
            f"{name:>14} {value:,}"
            for name, value in zip(trace["counters"], state.counters, strict=True)
        ),
    }
    lines = [trace["title"], f"{trace.get('code', '')} {now}".strip()]
    for title, body in panes.items():
        lines += ["", title, *_shortened(list(body) or ["  none"])]
    return "\n".join(lines)


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"  and {len(lines) - MOST_LINES + 1} more"]


def _free_lists(trace: PlainTrace, state: State) -> Iterator[str]:
    for (zone, _, _), orders in zip(trace["zones"], state.lists, strict=True):
        for order, blocks in enumerate(orders):
            if blocks:
                rest = f" and {len(blocks) - 16} more" if len(blocks) > 16 else ""
                bases = " ".join(map(str, blocks[:16]))
                yield f"  {zone:8} order {order:2}  {len(blocks):4} free: {bases}{rest}"


def _map(values: NDArray[np.uint8], looks: Iterable[palette.Look], unit: str) -> Iterator[str]:
    names = [look.label for look in looks]
    for first, pages, value in runs(values):
        yield f"  {unit} {first:>6} to {first + pages - 1:<6} {pages:>6} pages  {names[value]}"


def _bitmaps(trace: PlainTrace, state: State) -> Iterator[str]:
    if trace["format"] == "classic":
        yield "  none: the classic path puts every PFN straight into the message"
    if state.bitmap is None:
        return
    base, bits = state.bitmap["base"], state.bitmap["bits"]
    for start in range(0, len(state.bits), bits):
        ones = [
            f"{first}" if n == 1 else f"{first}-{first + n - 1}"
            for first, n, value in runs(state.bits[start : start + bits])
            if value
        ]
        rest = f" and {len(ones) - 12} more runs" if len(ones) > 12 else ""
        text = " ".join(ones[:12]) or "none"
        yield f"  bitmap {start // bits} (bit 0 is PFN {base + start}) bits set: {text}{rest}"


def _entries(trace: PlainTrace, state: State) -> Iterator[str]:
    for index, (base, size) in enumerate(state.entries):
        if trace["format"] == "chunks":
            words = f"base {base << 12:#018x}  size {size << 12:#018x}"
            yield f"  chunk {index:4}  ({base}, {size})  {words}"
        else:
            yield f"  PFN {index:4}  {base}  {base:#010x}"


def _message(state: State) -> Iterator[str]:
    if state.message is None:
        return
    message, data = state.message, bytes.fromhex(state.message["hex"])
    yield (
        f"  descriptor {message['desc']}, avail idx {message['avail']}, "
        f"used idx {message['used']}, {message['bytes']} bytes, the first {len(data)}:"
    )
    for offset in range(0, len(data), 16):
        yield f"  {offset:04x}  {data[offset : offset + 16].hex(' ')}"
