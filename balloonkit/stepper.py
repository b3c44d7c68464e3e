"""An inflate a step at a time, by the very functions that do it in bulk for an 8 GiB guest.

The allocator hands out pages, the bitmaps yield runs, chunks are encoded, the host's map of RAM
translates. Nothing here decides what happens; it asks for a piece, notes the answer, and says why.

A small guest gets a step for each page. A larger one would get thousands: there, neighbouring items
share a step, so that no stage takes many more than `steps_per_stage`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from balloonkit.guest import Guest
from balloonkit.guest.blocks import MAX_ORDER, Pfns, expand
from balloonkit.guest.driver import wire_order
from balloonkit.host.ram import GuestRam
from balloonkit.picture import list_changes, lists_of, picture
from balloonkit.trace import COUNTERS, PAGE_STATES, Step, Trace
from balloonkit.units import BALLOON_PAGE_BYTES, counted
from balloonkit.wire import (
    Feature,
    PageBitmaps,
    encode_chunks,
    encode_pfns,
    find_runs,
    pack_chunks,
)
from balloonkit.wire.page_chunk import MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["trace_inflate"]

_SHOWN_BYTES = 256  # of a message; its length tells how many more there are
_T = TypeVar("_T")


def trace_inflate(
    guest: Guest,
    pages: int,
    features: Feature = Feature.PAGE_CHUNKS,
    *,
    bitmaps: PageBitmaps | None = None,
    max_entries: int | None = None,
    join: bool = True,
    block_alloc: bool = False,
    steps_per_stage: int = 64,
    ram: GuestRam | None = None,
) -> Trace:
    """Inflate `guest` by `pages` of its own pages and note every step.

    Parameters
    ----------
    guest : Guest
        It is changed; give a copy to keep it.
    pages : int
        Guest pages to take; the trace ends early when the guest has no more.
    features : Feature
        PAGE_CHUNKS selects the chunk path.
    bitmaps : PageBitmaps, optional
        By default of 64 bits, so that a small guest shows their edges.
    max_entries : int, optional
        Entries in a message, by default as many as the format allows.
    join : bool
        Join runs across bitmap edges.
    block_alloc : bool
        Allocate a block at a time.
    steps_per_stage : int
        About how many steps one stage may take.
    ram : GuestRam, optional
        The host's map of guest RAM, by default laid out as QEMU does.

    Examples
    --------
    >>> trace = trace_inflate(Guest.idle("256KiB"), 4)
    >>> [step.kind for step in trace.steps][-3:]
    ['translate', 'release', 'ack']
    """
    chunked = Feature.PAGE_CHUNKS in features
    tracer = _Tracer(
        guest=guest,
        bitmaps=bitmaps or PageBitmaps(bits=64),
        max_entries=max_entries or (MAX_CHUNKS if chunked else MAX_PFNS),
        join=join,
        steps_per_stage=steps_per_stage,
        ram=ram or GuestRam.of_size(guest.size_bytes),
    )
    setup = picture(guest, tracer.ram, pages, chunked, tracer.max_entries)
    taken = tracer.take_blocks(pages) if block_alloc else tracer.take_pages(pages)
    per_message = max((MAX_PFNS if chunked else tracer.max_entries) // tracer.scale, 1)
    pfns = wire_order(taken, per_message, guest.kernel)
    if chunked:
        tracer.send_chunks(pfns)
    else:
        tracer.send_pfns(pfns, per_message)
    return Trace(setup, tuple(tracer.steps))


@dataclass
class _Tracer:
    guest: Guest
    bitmaps: PageBitmaps
    max_entries: int
    join: bool
    steps_per_stage: int
    ram: GuestRam
    steps: list[Step] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))

    @property
    def scale(self) -> int:
        return self.guest.page_bytes // BALLOON_PAGE_BYTES

    # Stage 1: allocate

    def take_pages(self, pages: int) -> Pfns:
        at_once = -(-pages // self.steps_per_stage)
        taken = [np.empty(0, np.uint32)]
        while pages and (block := self.guest.buddy.next_block()) is not None:
            before = lists_of(self.guest.buddy)
            if at_once == 1:
                self._split(*block)
            got = self.guest.take(min(pages, at_once))
            if at_once > 1:
                lists = list_changes(before, lists_of(self.guest.buddy))
                why = (
                    f"{len(got)} requests for one page each, served from the lowest orders that "
                    f"have a block, the first of them order {block.order}. A split block is walked "
                    f"upwards, and what is left of it goes back as upper halves."
                )
            else:
                lists = [] if block.order else [["-", self._zone_of(block.pfn), 0, block.pfn]]
                why = (
                    f"PFN {block.pfn} leaves the free lists and joins the balloon: the guest may "
                    f"not use it any more."
                )
            self._take(got, why, lists)
            taken.append(got)
            pages -= len(got)
        return np.concatenate(taken)

    def take_blocks(self, pages: int) -> Pfns:
        taken = [np.empty(0, np.uint32)]
        for order in range(MAX_ORDER, -1, -1):
            while pages >> order:
                before = lists_of(self.guest.buddy)
                got = self.guest.buddy.take(1, order)
                if not len(got):
                    break
                why = (
                    f"One call to the allocator gives a whole block of order {order}, {1 << order} "
                    f"pages from PFN {got[0]}. Page by page it would take {1 << order} calls."
                )
                taken.append(expand(got, 1 << order))
                self._take(taken[-1], why, list_changes(before, lists_of(self.guest.buddy)))
                pages -= 1 << order
        return np.concatenate(taken)

    def _split(self, pfn: int, order: int) -> None:
        zone = self._zone_of(pfn)
        for at in range(order, 0, -1):
            upper = pfn + (1 << (at - 1))
            lists = [["-", zone, at, pfn]] if at == order else []
            why = (
                f"No smaller block is free, so {'the' if at == order else 'its low half, the'} "
                f"order-{at} block at PFN {pfn} is split: the low half goes on, the upper half, "
                f"from PFN {upper}, joins the list of order {at - 1}."
            )
            self._note("split", pfn, 1 << at, why, lists=[*lists, ["+", zone, at - 1, upper]])

    def _take(self, pages: Pfns, why: str, lists: list[Any]) -> None:
        self.totals["pages"] += len(pages) * self.scale
        runs = pack_chunks(pages).astype(int).tolist()
        state = [[*run, PAGE_STATES["in balloon"]] for run in runs]
        self._note("take", *_span(runs), why, lists=lists, state=state)

    # Stage 2: tell the host, in chunks

    def send_chunks(self, pfns: Pfns) -> None:
        entries: list[tuple[int, int]] = []
        for base_pfn, filled in self.bitmaps.rounds(pfns):
            self._lay_bitmaps(base_pfn, len(filled), pfns)
            for index, bitmap in enumerate(filled):
                runs = find_runs(bitmap)
                runs[:, 0] += base_pfn + index * self.bitmaps.bits
                for group in self._groups(runs.tolist(), len(pfns)):
                    what = "a run of ones: its pages touch" if len(group) == 1 else "runs of ones"
                    why = f"Bitmap {index} has {what}. Find-next-one, then find-next-zero."
                    self._note("run", *_span(group), why)
                    entries = self._add_runs(entries, group)
        if entries:
            self._send_entries(entries)

    def _lay_bitmaps(self, base_pfn: int, count: int, pfns: Pfns) -> None:
        bits = self.bitmaps.bits
        laid = {"base": base_pfn, "bits": bits, "count": count, "max": self.bitmaps.max_count}
        why = (
            f"{counted(count, 'bitmap')} of {bits} bits from PFN {base_pfn}, the smallest page not "
            f"packed yet. Bits, unlike a list, forget the order in which pages were allocated."
        )
        self._note("round", base_pfn, count * bits, why, bitmap=laid)
        here = pfns[(pfns >= base_pfn) & (pfns < base_pfn + count * bits)]
        for group in self._groups(here.tolist()):
            runs = pack_chunks(group).astype(int).tolist()
            bits_set = [[pfn - base_pfn, n] for pfn, n in runs]
            what = f"PFN {group[0]} is" if len(group) == 1 else f"{len(group)} pages are"
            why = f"{what} in the balloon: set the bit. The bitmap stays in the guest."
            self._note("mark", *_span(runs), why, bits=bits_set)

    def _add_runs(
        self, entries: list[tuple[int, int]], runs: Sequence[list[int]]
    ) -> list[tuple[int, int]]:
        """Append runs to the message's entries; a full message goes out, and a new one begins."""
        changed: dict[int, tuple[int, int]] = {}
        why = "Two words, base and size, stand for the whole run, however long it is."
        for base, size in runs:
            if self.join and entries and sum(entries[-1]) == base:
                entries[-1] = (entries[-1][0], entries[-1][1] + size)
                why = "The run goes on where the last chunk ended, at a bitmap's edge: join them."
            else:
                if len(entries) == self.max_entries:
                    self._note_chunks(changed, why)
                    self._send_entries(entries)
                    entries, changed = [], {}
                entries.append((base, size))
            changed[len(entries) - 1] = entries[-1]
        self._note_chunks(changed, why)
        return entries

    def _note_chunks(self, changed: dict[int, tuple[int, int]], why: str) -> None:
        if changed:
            shown = [[at, b * self.scale, n * self.scale] for at, (b, n) in changed.items()]
            self._note("chunk", *_span(list(changed.values())), why, entries=shown)

    def _send_entries(self, entries: list[tuple[int, int]]) -> None:
        scaled = [(base * self.scale, size * self.scale) for base, size in entries]
        full = "full" if len(entries) == self.max_entries else "the last"
        self._send(
            encode_chunks(scaled),
            entries,
            f"The buffer is {full}: one descriptor, one kick, one wait for "
            f"{counted(len(entries), 'chunk')}, in all "
            f"{counted(sum(size for _, size in entries), 'page')}.",
            single_pages=False,
        )

    # Stage 2, classic: PFN by PFN

    def send_pfns(self, pfns: Pfns, per_message: int) -> None:
        for start in range(0, len(pfns), per_message):
            entries = [(pfn, 1) for pfn in pfns[start : start + per_message].tolist()]
            written: list[int] = []
            for group in self._groups(entries, len(pfns)):
                numbers = [pfn * self.scale + i for pfn, _ in group for i in range(self.scale)]
                why = "Page numbers go into the array, four bytes each, in the driver's order."
                shown = [[len(written) + i, pfn, 1] for i, pfn in enumerate(numbers)]
                self._note("pfn", *_span(group), why, entries=shown)
                written += numbers
            why = (
                f"One kick for these {len(written)} PFNs, then a wait: the next message may go "
                f"only after the ack."
            )
            self._send(encode_pfns(written), entries, why, single_pages=True)

    # Stages 3 and 4: the host

    def _send(
        self, message: bytes, entries: list[tuple[int, int]], why: str, single_pages: bool
    ) -> None:
        ring = self.totals["messages"]
        self.totals["messages"] += 1
        self.totals["bytes"] += len(message)
        shown = {"hex": message[:_SHOWN_BYTES].hex(), "bytes": len(message), "desc": 0}
        self._note("send", *_span(entries), why, message=shown | {"avail": ring + 1, "used": ring})
        of = self.totals["pages"] // self.scale if single_pages else len(entries)
        for group in self._groups(entries, of):
            self._release(group, single_pages)
        why = "Every entry is dealt with: the host puts the buffer on the used ring, the ack."
        acked = shown | {"avail": ring + 1, "used": ring + 1}
        self._note("ack", *_span(entries), why, message=acked, clear=True)

    def _release(self, entries: Sequence[tuple[int, int]], single_pages: bool) -> None:
        calls, ranges = 0, []
        for base, size in entries:
            page = base * self.scale
            starts, counts = self.ram.translate(np.array([page]), np.array([size * self.scale]))
            for host_page, pages in zip(starts.tolist(), counts.tolist(), strict=True):
                ranges.append([page, pages, host_page])
                calls += pages if single_pages else 1
                page += pages
        self.totals["translations"] += calls
        look_ups = counted(calls, "address look-up")
        why = f"{look_ups}: the region's start in the host, plus the way into it."
        if len(ranges) > len(entries):
            why += " A chunk crosses from one region into the next and is split."
        self._note("translate", *_span(entries), why, ranges=ranges)
        self.totals["releases"] += calls
        total = sum(pages for _, pages, _ in ranges)
        why = (
            f"{counted(calls, 'call')} of madvise(MADV_DONTNEED), {counted(total, 'host page')}: "
            f"no longer resident, "
            f"and zero if the guest ever reads them again."
        )
        released = [[host_page, pages, 0] for _, pages, host_page in ranges]
        self._note("release", *_span(entries), why, host=released)

    # Helpers

    def _note(self, kind: str, base: int, pages: int, why: str, **changes: Any) -> None:
        counters = tuple(self.totals[name] for name in COUNTERS)
        self.steps.append(Step(kind, base, pages, why, counters, changes))

    def _groups(self, items: Sequence[_T], of: int | None = None) -> Iterator[Sequence[_T]]:
        size = max(-(-(of or len(items)) // self.steps_per_stage), 1)
        for start in range(0, len(items), size):
            yield items[start : start + size]

    def _zone_of(self, pfn: int) -> int:
        return next(i for i, z in enumerate(self.guest.buddy.zones) if pfn < z.end_pfn)


def _span(entries: Sequence[tuple[int, int]]) -> tuple[int, int]:
    first = min(entries)[0]
    return first, sum(max(entries)) - first
