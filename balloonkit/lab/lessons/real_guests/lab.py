"""Lab 5, real guests: what a Linux kernel gave away, in what order, and whether we can foretell it.

>>> lab = CaptureLab()
>>> view = lab.memory()  # the memory map before, inflated, deflated
"""

from pathlib import Path

import numpy as np
import traitlets
from numpy.typing import NDArray

from balloonkit.captured_guest import FATES, MOMENTS, CapturedGuest
from balloonkit.captures import SHIPPED
from balloonkit.guest.blocks import TOP_PAGES, Pfns
from balloonkit.guest.fragmentation import free_runs
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.view.charts import (
    draw_messages,
    draw_order_bars,
    draw_runs,
    draw_wire_order,
    new_chart,
)
from balloonkit.lab.view.page_map import magnified_pfn, whole_and_close_up
from balloonkit.lab.view.palette import FATE_LOOKS, SENT_LOOKS
from balloonkit.lab.view.view import Choice, LabView, Pane, Range, Table
from balloonkit.lab.view.zone_table import in_words, zone_table
from balloonkit.units import counted
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES, MAX_CHUNKS
from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["CaptureLab", "CaptureModel"]

_PFN_BYTES = 4
#: Number of the look for the pages of the present message.
_IN_MESSAGE = len(SENT_LOOKS) - 1


class CaptureModel(traitlets.HasTraits):
    """A capture, a moment of it, a message of its inflate, and the place to magnify."""

    capture = traitlets.Unicode(SHIPPED[0])
    moment = traitlets.Enum(MOMENTS, "before")
    message = traitlets.Int(1, min=0)
    look_at = traitlets.Float(60, min=0, max=100)

    _loaded: CapturedGuest | None = None

    def guest(self) -> CapturedGuest:
        """Return the captured guest; only the last one is kept."""
        if self._loaded is None or str(self._loaded.source) != self.capture:
            self._loaded = None
            self._loaded = CapturedGuest.load(self.capture)
        return self._loaded

    @property
    def messages(self) -> int:
        """Count the messages of this capture's inflate."""
        return self.guest().messages

    @property
    def sent(self) -> int:
        """Return the message looked at: the last one, where the capture has fewer."""
        return min(self.message, self.messages)


class CaptureLab(QuestionsLab):
    """Look at real guests.

    Parameters
    ----------
    source : str or Path, optional
        The capture to begin with: one that comes with the package, or a file of your own.

    Raises
    ------
    CaptureError
        If there is no such capture, or the file is none.

    Attributes
    ----------
    model : CaptureModel
        Inputs of every step; assign to it to move the controls.

    Examples
    --------
    >>> lab = CaptureLab("aged-1g")
    >>> lab.chunks().caption
    'aged-1g, after message 1 of 512: 256 pages are 18 chunks, in 1 message'
    """

    kinds = ("messages", "chunks", "next-page")

    def __init__(self, source: str | Path = SHIPPED[0]) -> None:
        super().__init__()
        self.model = CaptureModel(capture=str(source))
        self.model.guest()
        names = SHIPPED if str(source) in SHIPPED else (*SHIPPED, str(source))
        self._capture = Choice("capture", "guest", [(Path(name).stem, name) for name in names])

    def memory(self) -> LabView:
        """Show the memory map before the balloon, inflated, and deflated again."""
        moment = Choice("moment", "moment", [(m, m) for m in MOMENTS])
        controls = (self._capture, moment, _LOOK_AT)
        return LabView(self.model, controls, self._draw_memory, "A real guest's memory")

    def order(self) -> LabView:
        """Follow the messages: which pages left when, from which zone."""
        controls = (self._capture, _MESSAGE)
        return LabView(self.model, controls, self._draw_order, "What it gave away, in what order")

    def chunks(self) -> LabView:
        """Pack what was given into chunks: how many, how long, in how many messages."""
        controls = (self._capture, _MESSAGE)
        return LabView(self.model, controls, self._draw_chunks, "What chunks make of it")

    def prediction(self) -> LabView:
        """Compare with the model, and light up where it errs."""
        controls = (self._capture, _LOOK_AT)
        return LabView(self.model, controls, self._draw_prediction, "What the model foretells")

    def all(self) -> list[LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.memory(), self.order(), self.chunks(), self.prediction()]

    def _draw_memory(self) -> tuple[list[Pane], Table]:
        guest, moment = self.model.guest(), self.model.moment
        states, blocks = guest.states[moment], guest.blocks[moment]
        figure, axes = new_chart("Free memory by block size")
        draw_order_bars(axes, guest.zones, blocks)
        caption = f"{guest.name}, {moment}: {in_words(guest.zones, states)}"
        at_pfn = magnified_pfn(self.model.look_at, len(states))
        maps = whole_and_close_up(states, at_pfn, guest.zones, picks="look_at")
        return [*maps, figure], zone_table(caption, guest.zones, states, blocks)

    def _draw_order(self) -> tuple[list[Pane], Table]:
        guest, sent = self.model.guest(), self.model.sent
        given = guest.given(sent)
        states = guest.states["before"].copy()
        states[given] = PAGE_STATES["in balloon"]
        latest = guest.message_pfns(sent) if sent else guest.sent_pfns[:0]
        states[latest] = _IN_MESSAGE
        figure, axes = new_chart("First page of each message")
        draw_wire_order(axes, guest.sent_pfns[::MAX_PFNS], sent, guest.zones)
        rows = [
            [zone.name, f"{n:,}", f"{all_n:,}"]
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

    def _draw_chunks(self) -> tuple[list[Pane], Table]:
        guest, sent = self.model.guest(), self.model.sent
        lengths = free_runs(guest.given(sent))
        pages, chunks = int(lengths.sum()), len(lengths)
        messages = -(-chunks // MAX_CHUNKS)
        runs, axes = new_chart("Pages given, by length of chunk")
        draw_runs(axes, lengths, "chunk")
        bars, axes = new_chart("Messages")
        draw_messages(axes, {"classic": sent, "chunks": messages})
        rows = [
            ["classic, PFN by PFN", f"{pages:,}", f"{sent:,}", f"{pages * _PFN_BYTES:,}"],
            [
                "chunks",
                f"{chunks:,}",
                f"{messages:,}",
                f"{messages * HEADER_BYTES + chunks * CHUNK_BYTES:,}",
            ],
        ]
        caption = (
            f"{guest.name}, after message {sent:,} of {guest.messages:,}: {pages:,} pages are "
            f"{counted(chunks, 'chunk')}, in {counted(messages, 'message')}"
        )
        return [runs, bars], Table(caption, ["path", "entries", "messages", "bytes"], rows)

    def _draw_prediction(self) -> tuple[list[Pane], Table]:
        guest = self.model.guest()
        fates = guest.prediction
        real = np.isin(fates, (FATES["foretold"], FATES["missed"]))
        foretold = np.isin(fates, (FATES["foretold"], FATES["wrong"]))
        both = int((real & foretold).sum())
        either = int((real | foretold).sum())
        overlap = both / either if either else 1.0
        rows = [
            ["given away by the guest", *_pages_in_words(real)],
            ["foretold by the model", *_pages_in_words(foretold)],
            ["in both", *_pages_in_words(real & foretold)],
            ["given, not foretold", *_pages_in_words(real & ~foretold)],
            ["foretold, not given", *_pages_in_words(foretold & ~real)],
        ]
        caption = (
            f"{guest.name}: of {real.sum():,} pages given away the model foretells "
            f"{both:,}; overlap {overlap:.4f}"
        )
        if foretold.sum() < real.sum():
            found = f"{foretold.sum():,} of {real.sum():,} pages"
            caption += f". It found {found}; the rest would need reclaim, which it has none of"
        at_pfn = magnified_pfn(self.model.look_at, len(fates))
        errors = FATES["missed"], FATES["wrong"]
        maps = whole_and_close_up(
            fates, at_pfn, guest.zones, FATE_LOOKS, lit=errors, picks="look_at"
        )
        return list(maps), Table(caption, ["what", "pages", "chunks", "lowest PFN"], rows)


_LOOK_AT = Range(
    "look_at",
    "magnify at",
    0,
    100,
    0.02,
    "Share of the addresses to skip. A click on the map moves it too.",
    " %",
)
_MESSAGE = Range(
    "message", "message", 0, "messages", 1, "How many messages of 256 page numbers were sent."
)


def _message_in_words(pfns: Pfns) -> str:
    first, last = int(pfns[0]), int(pfns[-1])
    words = f"{len(pfns)} pages from PFN {first:,} to {last:,}"
    descends = bool((np.diff(pfns.astype(np.int64)) == -1).all())
    return f"{words}, each one lower than the one before" if descends else words


def _pages_in_words(pages: NDArray[np.bool_]) -> tuple[str, str, str]:
    """Count pages and their chunks, and name the lowest."""
    chunks = len(free_runs(pages))
    return f"{pages.sum():,}", f"{chunks:,}", f"{pages.argmax():,}" if chunks else "none"
