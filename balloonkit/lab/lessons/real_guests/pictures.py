"""Pictures of a captured guest: its memory, what it gave in which order, its chunks, our errors."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.captured_guest import FATES
from balloonkit.guest.blocks import TOP_PAGES, Pfns
from balloonkit.guest.fragmentation import free_runs
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab.lessons.real_guests.model import Looked
from balloonkit.lab.view.charts import (
    draw_messages,
    draw_order_bars,
    draw_runs,
    draw_wire_order,
    new_chart,
)
from balloonkit.lab.view.close_up import magnified_pfn, whole_and_close_up
from balloonkit.lab.view.drawing import Drawing
from balloonkit.lab.view.palette import FATE_LOOKS, SENT_LOOKS
from balloonkit.lab.view.table import Table, TableCell
from balloonkit.lab.view.zone_table import in_words, zone_table
from balloonkit.units import counted
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS, PFN_BYTES

__all__ = ["show_chunks", "show_memory", "show_order", "show_prediction"]

#: Number of the look for the pages of the present message.
_IN_MESSAGE = len(SENT_LOOKS) - 1


def show_memory(seen: Looked) -> Drawing:
    """Draw the memory map and the free lists of a moment."""
    guest, moment = seen.guest, seen.moment
    states, blocks = guest.states[moment], guest.blocks[moment]
    figure, axes = new_chart("Free memory by block size")
    draw_order_bars(axes, guest.zones, blocks)
    caption = f"{guest.name}, {moment}: {in_words(guest.zones, states)}"
    at_pfn = magnified_pfn(seen.look_at, len(states))
    maps = whole_and_close_up(states, at_pfn, guest.zones, picks="look_at")
    return [*maps, figure], zone_table(caption, guest.zones, states, blocks)


def show_order(seen: Looked) -> Drawing:
    """Draw which pages left up to a message, and each message's first page."""
    guest, sent = seen.guest, seen.sent
    given = guest.given(sent)
    states = guest.states["before"].copy()
    states[given] = PAGE_STATES["in balloon"]
    latest = guest.message_pfns(sent) if sent else guest.sent_pfns[:0]
    states[latest] = _IN_MESSAGE
    figure, axes = new_chart("First page of each message")
    draw_wire_order(axes, guest.sent_pfns[::MAX_PFNS], sent, guest.zones)
    rows: list[list[TableCell]] = [
        [zone.label, n, all_n]
        for zone, n, all_n in zip(
            guest.zones,
            guest.by_zone(given),
            guest.by_zone(guest.given(guest.messages)),
            strict=True,
        )
    ]
    caption = f"{guest.name}, message {sent:,} of {guest.messages:,}: "
    caption += _message_in_words(latest) if sent else "nothing given yet"
    at_pfn = int(guest.message_pfns(max(sent, 1))[0]) // TOP_PAGES * TOP_PAGES
    maps = whole_and_close_up(states, at_pfn, guest.zones, SENT_LOOKS, lit=(_IN_MESSAGE,))
    return [*maps, figure], Table(caption, ["pages given in zone", "so far", "in all"], rows)


def show_chunks(seen: Looked) -> Drawing:
    """Draw what chunks make of the pages given up to a message."""
    guest, sent = seen.guest, seen.sent
    lengths = free_runs(guest.given(sent))
    pages, chunks = int(lengths.sum()), len(lengths)
    messages = -(-chunks // MAX_CHUNKS)
    runs, axes = new_chart("Pages given, by length of chunk")
    draw_runs(axes, lengths, "chunk")
    bars, axes = new_chart("Messages")
    draw_messages(axes, {"classic": sent, "chunks": messages})
    rows: list[list[TableCell]] = [
        ["classic, PFN by PFN", pages, sent, pages * PFN_BYTES],
        ["chunks", chunks, messages, messages * HEADER_BYTES + chunks * CHUNK_BYTES],
    ]
    caption = (
        f"{guest.name}, after message {sent:,} of {guest.messages:,}: {pages:,} pages are "
        f"{counted(chunks, 'chunk')}, in {counted(messages, 'message')}"
    )
    return [runs, bars], Table(caption, ["path", "entries", "messages", "bytes"], rows)


def show_prediction(seen: Looked) -> Drawing:
    """Light the pages the model is wrong about."""
    guest = seen.guest
    fates = guest.prediction
    real = np.isin(fates, (FATES["foretold"], FATES["missed"]))
    foretold = np.isin(fates, (FATES["foretold"], FATES["wrong"]))
    both = int((real & foretold).sum())
    either = int((real | foretold).sum())
    overlap = both / either if either else 1.0
    rows: list[list[TableCell]] = [
        ["given away by the guest", *_pages_and_chunks(real)],
        ["foretold by the model", *_pages_and_chunks(foretold)],
        ["in both", *_pages_and_chunks(real & foretold)],
        ["given, not foretold", *_pages_and_chunks(real & ~foretold)],
        ["foretold, not given", *_pages_and_chunks(foretold & ~real)],
    ]
    caption = (
        f"{guest.name}: of {real.sum():,} pages given away the model foretells "
        f"{both:,}; overlap {overlap:.4f}"
    )
    if foretold.sum() < real.sum():
        found = f"{foretold.sum():,} of {real.sum():,} pages"
        caption += f". It found {found}; the rest would need reclaim of more than clean page cache"
    at_pfn = magnified_pfn(seen.look_at, len(fates))
    errors = FATES["missed"], FATES["wrong"]
    maps = whole_and_close_up(fates, at_pfn, guest.zones, FATE_LOOKS, lit=errors, picks="look_at")
    return maps, Table(caption, ["what", "pages", "chunks", "lowest PFN"], rows)


def _message_in_words(pfns: Pfns) -> str:
    first, last = int(pfns[0]), int(pfns[-1])
    words = f"{len(pfns)} pages from PFN {first:,} to {last:,}"
    descends = bool((np.diff(pfns.astype(np.int64)) == -1).all())
    return f"{words}, each one lower than the one before" if descends else words


def _pages_and_chunks(pages: NDArray[np.bool_]) -> tuple[int, int, int | str]:
    """Count pages and their chunks, and name the lowest."""
    chunks = len(free_runs(pages))
    return int(pages.sum()), chunks, int(pages.argmax()) if chunks else "none"
