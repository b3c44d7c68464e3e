"""The step player in plain text: every pane of one step, for a screen reader or a terminal."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from balloonkit.lab.view import palette
from balloonkit.trace import START, PlainTrace, State, state_at

__all__ = ["TEXT_LIMITS", "runs", "text_twin"]

#: How far a pane goes before the rest is counted instead of listed: its lines, the pages of a free
#: list, the runs of a bitmap. The player in the browser gets them from here.
TEXT_LIMITS = {"lines": 24, "pfns": 16, "runs": 12}


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
        "Guest memory": _map(state, "pages", palette.PAGE_LOOKS, "PFN", state.first_pfn),
        "Page bitmaps": _bitmaps(trace, state),
        "Message buffer": _entries(trace, state),
        "Virtqueue": _message(state),
        "Host memory": _map(state, "host", palette.HOST_LOOKS, "host page", state.first_host_page),
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
    most = TEXT_LIMITS["lines"]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"  and {len(lines) - most + 1} more"]


def _free_lists(trace: PlainTrace, state: State) -> Iterator[str]:
    outside = state.outside
    for z, (zone, _, _) in enumerate(trace["zones"]):
        for order, blocks in enumerate(state.lists[z]):
            elsewhere = outside["lists"][z][order] if outside else 0
            if blocks or elsewhere:
                count = len(blocks) + elsewhere
                named = _named(blocks, elsewhere)
                yield f"  {zone:8} order {order:2}  {count:4} free: {named}"
        elsewhere = outside["stock"][z] if outside else 0
        if state.stock[z] or elsewhere:
            count = len(state.stock[z]) + elsewhere
            yield f"  {zone:8} stock     {count:4} pages: {_named(state.stock[z], elsewhere)}"


def _named(pfns: list[int], elsewhere: int) -> str:
    most = TEXT_LIMITS["pfns"]
    rest = [f"{len(pfns) - most} more"] if len(pfns) > most else []
    rest += [f"{elsewhere:,} outside this window"] if elsewhere else []
    return " and ".join([*filter(None, [" ".join(map(str, pfns[:most]))]), *rest])


def _map(
    state: State, what: str, looks: Iterable[palette.Look], unit: str, base: int
) -> Iterator[str]:
    names = [look.label for look in looks]
    if state.outside:
        counts = zip(state.outside[what], names, strict=True)
        yield f"  outside this window: {', '.join(f'{n:,} {name}' for n, name in counts)}"
    for at, pages, value in runs(getattr(state, what)):
        first = base + at
        yield f"  {unit} {first:>6} to {first + pages - 1:<6} {pages:>6} pages  {names[value]}"


def _bitmaps(trace: PlainTrace, state: State) -> Iterator[str]:
    if trace["format"] == "classic":
        yield "  none: the classic path puts every PFN straight into the message"
    if state.bitmap is None:
        return
    if state.outside:
        yield f"  outside this window: {state.outside['bits']:,} bits set"
    bits, first_bit = state.bitmap["bits"], state.first_bit
    end = first_bit + len(state.bits)
    for start in range(first_bit // bits * bits, end, bits):
        low = max(start, first_bit)
        ones = [
            f"{first}" if n == 1 else f"{first}-{first + n - 1}"
            for at, n, value in runs(state.bits[low - first_bit : start + bits - first_bit])
            if value
            for first in [at + low - start]
        ]
        most = TEXT_LIMITS["runs"]
        rest = f" and {len(ones) - most} more runs" if len(ones) > most else ""
        text = " ".join(ones[:most]) or "none"
        pfn = state.bitmap["base"] + start
        yield f"  bitmap {start // bits} (bit 0 is PFN {pfn}) bits set: {text}{rest}"


def _entries(trace: PlainTrace, state: State) -> Iterator[str]:
    if state.outside.get("entries"):
        yield f"  outside this window: {state.outside['entries']:,} of its entries"
    for index, (base, size) in zip(state.indices, state.entries, strict=True):
        if trace["format"] == "classic":
            yield f"  PFN {index:4}  {base}  {base:#010x}"
        elif trace["format"] == "chunks":
            words = f"base {base << 12:#018x}  size {size << 12:#018x}"
            yield f"  chunk {index:4}  ({base}, {size})  {words}"
        else:
            yield f"  {trace['entry']} {index:4}  ({base}, {size})"


def _message(state: State) -> Iterator[str]:
    for entry, reason, detail in state.reject:
        what = "the whole message" if entry is None else f"entry {entry}"
        yield f"  refused: {what}, {detail}: {reason}"
    if state.message is None:
        return
    message, data = state.message, bytes.fromhex(state.message["hex"])
    yield (
        f"  descriptor {message['desc']}, avail idx {message['avail']}, "
        f"used idx {message['used']}, {message['bytes']} bytes, the first {len(data)}:"
    )
    for offset in range(0, len(data), 16):
        yield f"  {offset:04x}  {data[offset : offset + 16].hex(' ')}"
