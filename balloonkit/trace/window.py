"""A window of a trace: a few thousand pages of a large guest in full, and the rest counted.

Two million pages fit neither the wire nor a screen. What a trace says of pages outside the window
is left out and counted, step by step, so that nothing is silently missing.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.trace.run_lengths import read_run_lengths, run_lengths

__all__ = ["SHOWN_WHOLE_PFNS", "WINDOW_PFNS", "PlainTrace", "crop", "window_of"]

#: A trace as `Trace.as_dict` gives it: plain data, as a player and a golden file have it.
PlainTrace = dict[str, Any]

#: A guest of so many pages can still be shown whole: 64 MiB of 4 KiB pages.
SHOWN_WHOLE_PFNS = 1 << 14
#: Pages that are shown of a larger one: every cell of the map is still wide enough to point at.
WINDOW_PFNS = 1 << 12

_BLOCK_PFNS = 1 << 10  # a window that begins with a block of the largest order cuts none
_Runs = list[list[int]]


def window_of(trace: PlainTrace) -> tuple[int, int]:
    """Choose a window: `WINDOW_PFNS` around the first page the balloon takes.

    Returns
    -------
    tuple of int
        First PFN and pages; the whole guest if it is no larger than `SHOWN_WHOLE_PFNS`.

    Examples
    --------
    >>> from balloonkit import Guest, trace_inflate
    >>> window_of(trace_inflate(Guest.idle("1GiB"), 10).as_dict())
    (2048, 4096)
    """
    span: int = trace["span"]
    if span <= SHOWN_WHOLE_PFNS:
        return 0, span
    states = (run for step in trace["steps"] for run in step.get("state", ()))
    taken = next((pfn for pfn, _, code in states if code == PAGE_STATES["in balloon"]), 0)
    first = (taken - WINDOW_PFNS // 2) // _BLOCK_PFNS * _BLOCK_PFNS
    return min(max(first, 0), span - WINDOW_PFNS), WINDOW_PFNS


def crop(trace: PlainTrace, window: tuple[int, int]) -> PlainTrace:
    """Leave out of a trace what lies outside a window, and count it.

    Page states, bits and host memory are cut at the window's edges; blocks, entries and look-ups
    that reach into it stay whole. ``initial`` and each step say under ``outside`` what the rest
    amounts to: pages by state, bits set, host pages by state, entries, blocks by zone and order,
    pages in stock by zone, each where it changed.

    Parameters
    ----------
    trace : dict
        Plain data of a whole run.
    window : (int, int)
        First PFN and number of pages.

    Raises
    ------
    ValueError
        If the window is not inside the guest, or the trace is cropped already.

    Examples
    --------
    >>> from balloonkit import Guest, trace_inflate
    >>> trace = crop(trace_inflate(Guest.idle("1GiB"), 10).as_dict(), (2048, 4096))
    >>> trace["title"].split(": ")[1], trace["initial"]["outside"]["pages"]
    ('PFN 2,048 to 6,143 shown of 262,144', [0, 8193, 249855, 0])
    """
    first_pfn, pages = window
    span = trace["span"]
    if "window" in trace:
        raise ValueError(f"this trace is a window already, {trace['window']}: crop the whole one")
    if not 0 <= first_pfn < first_pfn + pages <= span:
        raise ValueError(f"window {window}: the guest has PFN 0 to {span - 1}")
    cropper = _Cropper(trace, first_pfn, first_pfn + pages)
    shown = f"PFN {first_pfn:,} to {first_pfn + pages - 1:,} shown of {span:,}"
    return trace | {
        "title": f"{trace['title']}: {shown}",
        "window": [first_pfn, pages],
        "regions": cropper.regions,
        "initial": cropper.initial(),
        "steps": [cropper.step(step) for step in trace["steps"]],
    }


class _Cells:
    """Numbered cells with small values: those in the window are shown, the others counted."""

    def __init__(self, values: NDArray[np.uint8], start: int, end: int, kinds: int) -> None:
        self.values, self.start, self.end, self._kinds = values, start, end, kinds
        self.outside = self._count(values) - self._count(values[start:end])

    def _count(self, values: NDArray[np.uint8]) -> NDArray[np.int64]:
        return np.bincount(values, minlength=self._kinds)

    def shown(self) -> NDArray[np.uint8]:
        return self.values[self.start : self.end]

    def paint(self, runs: ArrayLike) -> _Runs:
        """Set runs of (first, length, value); return what of them is in the window."""
        firsts, lengths, values = np.asarray(runs, np.int64).reshape(-1, 3).T
        where = np.repeat(firsts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        others = where[(where < self.start) | (where >= self.end)]
        by_first = np.argsort(firsts)
        if (firsts[by_first][1:] < (firsts + lengths)[by_first][:-1]).any():
            others = np.unique(others)  # runs that overlap, where the last one counts
        self.outside = self.outside - self._count(self.values[others])
        self.values[where] = np.repeat(values, lengths)
        self.outside = self.outside + self._count(self.values[others])
        low = np.maximum(firsts, self.start)
        sizes = np.minimum(firsts + lengths, self.end) - low
        return np.stack((low, sizes, values), axis=1)[sizes > 0].tolist()  # type: ignore[no-any-return]


class _Cropper:
    """Walks a trace beside its own count of what is outside."""

    def __init__(self, trace: PlainTrace, first_pfn: int, end_pfn: int) -> None:
        self._first_pfn, self._end_pfn = first_pfn, end_pfn
        self._scale: int = trace["scale"]
        first, end = first_pfn * self._scale, end_pfn * self._scale
        self.regions: list[list[int]] = [
            [max(gpa, first), min(gpa + pages, end) - max(gpa, first), host + max(gpa, first) - gpa]
            for gpa, pages, host in trace["regions"]
            if max(gpa, first) < min(gpa + pages, end)
        ]
        low, high = 0, 0
        if self.regions:
            low, high = self.regions[0][2], self.regions[-1][1] + self.regions[-1][2]
        initial = trace["initial"]
        self._span: int = trace["span"]
        self._pages = _Cells(
            read_run_lengths(initial["pages"]), first_pfn, end_pfn, len(PAGE_STATES)
        )
        self._host = _Cells(read_run_lengths(initial["host"]), low, high, 2)
        self._bits = _Cells(np.zeros(0, np.uint8), 0, 0, 2)
        self._lists, self._other_lists = self._parted_lists(initial["lists"])
        self._stock = [[p for p in pages if self._inside(p, 1)] for pages in initial["stock"]]
        stocked = zip(initial["stock"], self._stock, strict=True)
        self._other_stock = [len(pages) - len(kept) for pages, kept in stocked]
        self._other_entries: set[int] = set()
        self._said: dict[str, Any] = {}

    def _inside(self, pfn: int, pages: int) -> bool:
        return pfn < self._end_pfn and pfn + pages > self._first_pfn

    def _entry_inside(self, base: int, size: int) -> bool:
        end = self._end_pfn * self._scale
        return base < end and base + size > self._first_pfn * self._scale

    def _parted_lists(self, lists: Any) -> tuple[list[Any], list[list[int]]]:
        kept = [
            [[pfn for pfn in blocks if self._inside(pfn, 1 << order)]
             for order, blocks in enumerate(zone)]
            for zone in lists
        ]  # fmt: skip
        others = [
            [len(blocks) - len(shown) for blocks, shown in zip(*zones, strict=True)]
            for zones in zip(lists, kept, strict=True)
        ]
        return kept, others

    def initial(self) -> dict[str, Any]:
        """Return what the window shows before the first step."""
        self._said = dict(self._counts())
        return {
            "pages": run_lengths(self._pages.shown()),
            "lists": self._lists,
            "stock": self._stock,
            "host": run_lengths(self._host.shown()),
            "outside": self._said
            | {"lists": [list(z) for z in self._other_lists], "stock": list(self._other_stock)},
        }

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return one step as the window shows it."""
        kept = dict(step)
        outside: dict[str, Any] = {}
        for name, crop_change in (("lists", self._crop_lists), ("stock", self._crop_stock)):
            if name in step:
                kept[name], counts = crop_change(step[name])
                if counts:
                    outside[name] = counts
        if "state" in step:
            kept["state"] = self._pages.paint(step["state"])
        if "bitmap" in step:
            self._lay(step["bitmap"])
        if "bits" in step:
            runs = [[bit, length, 1] for bit, length in step["bits"]]
            kept["bits"] = [run[:2] for run in self._bits.paint(runs)]
        if step.get("clear"):
            self._other_entries.clear()
        if "entries" in step:
            kept["entries"] = [entry for entry in step["entries"] if self._shown_entry(*entry)]
        if "ranges" in step:
            kept["ranges"] = [r for r in step["ranges"] if self._entry_inside(*r[:2])]
        if "host" in step:
            kept["host"] = self._host.paint(step["host"])
        changed = {name: now for name, now in self._counts() if self._said[name] != now}
        self._said |= changed
        outside |= changed
        return kept | ({"outside": outside} if outside else {})

    def _counts(self) -> list[tuple[str, Any]]:
        return [
            ("pages", self._pages.outside.tolist()),
            ("bits", int(self._bits.outside[1])),
            ("host", self._host.outside.tolist()),
            ("entries", len(self._other_entries)),
        ]

    def _crop_lists(self, changes: Any) -> tuple[list[Any], list[list[int]]]:
        kept, touched = [], set()
        for change in changes:
            sign, zone, order, pfn = change
            if self._inside(pfn, 1 << order):
                kept.append(change)
            else:
                self._other_lists[zone][order] += -1 if sign == "-" else 1
                touched.add((zone, order))
        return kept, [
            [zone, order, self._other_lists[zone][order]] for zone, order in sorted(touched)
        ]

    def _crop_stock(self, changes: Any) -> tuple[list[Any], list[list[int]]]:
        kept, touched = [], set()
        for sign, zone, pages in changes:
            shown = [pfn for pfn in pages if self._inside(pfn, 1)]
            if shown:
                kept.append([sign, zone, shown])
            others = len(pages) - len(shown)
            self._other_stock[zone] += -others if sign == "-" else others
            if others:
                touched.add(zone)
        return kept, [[zone, self._other_stock[zone]] for zone in sorted(touched)]

    def _lay(self, bitmap: dict[str, int]) -> None:
        base = bitmap["base"]
        bits = min(bitmap["bits"] * bitmap["count"], self._span - base)
        first, end = (min(max(pfn - base, 0), bits) for pfn in (self._first_pfn, self._end_pfn))
        self._bits = _Cells(np.zeros(bits, np.uint8), first, end, 2)

    def _shown_entry(self, index: int, base: int, size: int) -> bool:
        inside = self._entry_inside(base, size)
        (self._other_entries.discard if inside else self._other_entries.add)(index)
        return inside
