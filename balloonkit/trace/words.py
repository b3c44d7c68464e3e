"""The sentences of a trace: what happened, and why it is done that way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit import events as told
from balloonkit.trace.step import COUNTERS, Step
from balloonkit.units import counted

_Pages = NDArray[np.uint32]
_PATHS = {"chunks": "chunk path", "classic": "classic path", "own": "a format of its own"}
_MOST_REASONS = 3


def title(done: Sequence[tuple[str, int]], guest: str, path: str) -> str:
    """Name a run: "Inflate 4 pages of 256 KiB idle, chunk path"."""
    said = ", then ".join(f"{what} {counted(pages, 'page')}" for what, pages in done)
    said = said[:1].upper() + said[1:] if said else "Nothing done"
    return f"{said} of {guest}, {_PATHS[path]}"


# Pages leave the allocator


def split(event: told.Split) -> str:
    """Say why a block is halved."""
    ((order, upper_pfn),) = event.uppers
    which = "the" if event.listed else "its low half, the"
    return (
        f"No smaller block is free, so {which} order-{event.order} block at PFN {event.pfns[0]} is "
        f"split: the low half goes on, the upper half, from PFN {upper_pfn}, joins the list of "
        f"order {order}."
    )


def first_block(events: Sequence[tuple[int, told.Event]]) -> int | None:
    """Return the order of the first block that left a list."""
    return next((e.order for _, e in events if isinstance(e, told.Split | told.Took) and e.listed),
                None)  # fmt: skip


def refill(zone: int, pfns: _Pages, zones: Sequence[Sequence[Any]]) -> str:
    """Say why a batch leaves the free lists for one page asked."""
    return (
        f"The CPU's own stock of zone {zones[zone][0]} is empty: a batch of "
        f"{counted(len(pfns), 'page')} leaves the free lists at once, so that the next requests "
        f"need no lock. No page flag shows them, and /proc/buddyinfo does not count them."
    )


def take(pfns: _Pages, from_stock: bool, order: int | None) -> str:
    """Say where pages come from that join the balloon."""
    if len(pfns) > 1:
        first = "" if order is None else f", the first of them order {order}"
        return (
            f"{len(pfns):,} requests for one page each, served from the lowest orders that have a "
            f"block{first}. A split block is walked upwards, and what is left of it goes back as "
            f"upper halves."
        )
    where = "the head of the CPU's own stock" if from_stock else "the free lists"
    return f"PFN {pfns[0]} leaves {where} and joins the balloon: the guest may not use it any more."


def block(event: told.Took) -> str:
    """Say what one call for a block saves."""
    pages = 1 << event.order
    if len(event.pfns) > 1:
        return (
            f"{len(event.pfns):,} calls to the allocator give as many blocks of order "
            f"{event.order}, {pages} pages each, from PFN {event.pfns[0]} on."
        )
    return (
        f"One call to the allocator gives a whole block of order {event.order}, "
        f"{counted(pages, 'page')} from PFN {event.pfns[0]}. Page by page it would take "
        f"{counted(pages, 'call')}."
    )


def out_of_puff(missing_pages: int) -> str:
    """Say what the driver does when the guest has nothing left."""
    return (
        f'"Out of puff!": the allocator has no page left above its watermarks, '
        f"{counted(missing_pages, 'page')} short. What the driver has is told to the host; nothing "
        f"is lost. Linux waits 200 ms and tries again."
    )


# Pages come back


def back(pfns: _Pages) -> str:
    """Say where a freed page goes first."""
    if len(pfns) > 1:
        return (
            f"{len(pfns):,} pages leave the balloon, the last told first, for the head of the "
            f"CPU's own stock: the last one in is the next one out, as its cache lines may still "
            f"be warm."
        )
    return (
        f"PFN {pfns[0]} leaves the balloon for the head of the CPU's own stock: it will be the "
        f"next one out, as its cache lines may still be warm."
    )


def merge(event: told.Merged) -> str:
    """Say why a buddy leaves its list."""
    buddy_pfn = int(event.pfns[0])
    return (
        f"The buddy, the order-{event.order} block at PFN {buddy_pfn} (the same PFN but for bit "
        f"{event.order}), is free too: it leaves its list, and the two are one block of order "
        f"{event.order + 1}."
    )


def free(event: told.Freed) -> str:
    """Say where on its list a freed block goes."""
    pfn = int(np.concatenate((event.heads, event.tails))[0])
    if len(event.tails):
        why = "to its tail, as the larger block around it may soon be whole: leave it in peace"
    else:
        why = "to its head"
    return f"The order-{event.order} block at PFN {pfn} joins the list of its order, {why}."


def drain(back_pages: int, drained_pages: int) -> str:
    """Say why the stock gives pages back."""
    came = f"{counted(back_pages, 'page')} came back, and the" if back_pages else "The"
    return (
        f"{came} CPU's own stock holds too much: its oldest {counted(drained_pages, 'page')} go "
        f"back to the free lists, where each merges with its buddy as long as that is free."
    )


# Packing


def round(event: told.RoundLaid) -> str:
    """Say what bitmaps are for."""
    return (
        f"{counted(event.bitmaps, 'bitmap')} of {event.bits} bits from PFN {event.base_pfn}, the "
        f"smallest page not packed yet. Bits, unlike a list, forget the order in which pages were "
        f"allocated."
    )


def mark(pfns: _Pages) -> str:
    """Say that bits are private."""
    what = f"PFN {pfns[0]} is" if len(pfns) == 1 else f"{len(pfns):,} pages are"
    return f"{what} in the balloon: set the bit. The bitmap stays in the guest."


def found_runs(event: told.RunsFound) -> str:
    """Say how runs are found."""
    what = "a run of ones: its pages touch" if len(event.runs) == 1 else "runs of ones"
    return f"Bitmap {event.bitmap} has {what}. Find-next-one, then find-next-zero."


def opened(entry: str, sizes: Sequence[int]) -> str:
    """Say what an entry stands for."""
    if entry == "chunk":
        return "Two words, base and size, stand for the whole run, however long it is."
    return f"{counted(len(sizes), 'run')} of pages more in the message, one {entry} each."


def joined() -> str:
    """Say why a chunk grows."""
    return "The run goes on where the last chunk ended, at a bitmap's edge: join them."


def written() -> str:
    """Say what the classic message holds."""
    return "Page numbers go into the array, four bytes each, in the driver's order."


def named(event: told.Named, inflate: bool) -> str:
    """Say what a message tells of a driver nobody sees inside."""
    pages = int(event.chunks[:, 1].sum())
    runs = f"{counted(len(event.chunks), 'chunk')}, {counted(pages, 'page')}"
    if inflate:
        return (
            f"The guest's message names {runs}: its driver has them in the balloon. How it got "
            f"them, page by page or in blocks, is its own affair, and not counted here."
        )
    return f"The guest's message names {runs}, which it wants back from the balloon."


# The queue


def sent(event: told.Sent, entry: str, sizes: Sequence[int], full: bool) -> str:
    """Say what one kick costs and carries."""
    kick = "one kick" if event.kicked else "no kick, as the host is looking already"
    which = "The buffer is full" if full else "The buffer is the last"
    return (
        f"{which}: one descriptor, number {event.head}, {kick}, one wait for "
        f"{counted(len(sizes), entry)}, in all {counted(sum(sizes), 'page')} of 4 KiB."
    )


def popped(event: told.Popped) -> str:
    """Say what the device does first."""
    return (
        f"The host takes descriptor {event.head} off the available ring and copies the message: "
        f"once, so that the guest cannot change it while it is checked."
    )


def acked(deflate: bool) -> str:
    """Say what the ack allows."""
    done = "Every entry is dealt with: the host puts the buffer on the used ring, the ack."
    if deflate:
        return f"{done} Only now may the guest use these pages again (MUST_TELL_HOST)."
    return done


def reset() -> str:
    """Say what a reset forgets."""
    return (
        "The device is reset: it knows of no balloon any more, both rings begin at 0, and the "
        "guest takes every page back untold. Memory already released stays released."
    )


def several_messages(count: int, last: Step, first: Step) -> str:
    """Say what a group of whole messages did."""
    totals = dict(zip(COUNTERS, last.counters, strict=True))
    return (
        f"{count:,} messages, one after the other, each with its kick, its look-ups, its releases "
        f"and its ack: {totals['messages']:,} so far, with {totals['entries']:,} entries."
    )


# The device


def refused(reject: Sequence[Sequence[Any]]) -> str:
    """Say what was not done, and that the rest was."""
    shown = [
        f"entry {entry}, {detail}: {reason}" if entry is not None else f"{detail}: {reason}"
        for entry, reason, detail in reject[:_MOST_REASONS]
    ]
    more = f"; and {len(reject) - _MOST_REASONS:,} more" if len(reject) > _MOST_REASONS else ""
    whole = any(entry is None for entry, _, _ in reject)
    rest = "The message goes back." if whole else "Valid entries are done all the same."
    return f"Refused: {'; '.join(shown)}{more}. {rest}"


def translated(look_ups: int) -> str:
    """Say what a look-up is."""
    return f"{counted(look_ups, 'address look-up')}: the region's start in the host, plus the way into it."  # noqa: E501


def released(event: told.Released, advice: str) -> str:
    """Say what madvise does."""
    pages = int(event.counts.sum())
    return (
        f"{counted(event.calls, 'call')} of madvise({advice}), {counted(pages, 'host page')}: "
        f"no longer resident, and zero if the guest ever reads them again."
    )


def waiting(counts: NDArray[np.int64]) -> str:
    """Say why nothing is released."""
    pages = counted(int(counts.sum()), "ballooned page")
    return f"{pages} of 4 KiB must wait: their larger host page still holds pages of the guest."


def given_back(counts: NDArray[np.int64]) -> str:
    """Say what deflating does not do."""
    pages = counted(int(counts.sum()), "page")
    return f"{pages} of 4 KiB belong to the guest again. No memory comes back yet: only a touch brings it."  # noqa: E501


def touched(event: told.Touched) -> str:
    """Say what a first touch does."""
    pages = counted(int(event.counts.sum()), "page")
    return f"The guest writes to {pages} of 4 KiB: a page fault in the host, and memory, zeroed, is behind each again."  # noqa: E501
