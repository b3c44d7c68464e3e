"""The listener that makes a trace: it words what the machine tells, and groups it.

Nothing here decides what happens. A small guest gets a step for each page; a larger one would get
millions, so the stepper asks for larger pieces of work, and puts messages that are small beside
such a piece into one step together.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from balloonkit import events as told
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.machine import Machine
from balloonkit.trace import where, words
from balloonkit.trace.changes import merged
from balloonkit.trace.page_steps import PageSteps
from balloonkit.trace.start import Watched
from balloonkit.trace.step import COUNTERS, Step, Trace
from balloonkit.trace.where import PageRanges
from balloonkit.wire.queue import Queue

__all__ = ["Stepper"]

_SHOWN_BYTES = 256  # of a message; its length tells how many more there are


class Stepper:
    """Listens to a machine, from now on.

    Parameters
    ----------
    machine : Machine or Watched
        On the model's host, or another run that can be listened to; `trace` ends the listening.
    steps_per_stage : int
        About how many steps one stage of one inflate or deflate may take.
    messages : range
        Messages, counted from 0, that get their steps however large the guest is.

    Examples
    --------
    >>> from balloonkit import Guest
    >>> machine = Machine(Guest.idle("256KiB"))
    >>> stepper = Stepper(machine)
    >>> _ = machine.inflate("16KiB"), machine.deflate("4KiB")
    >>> [step.kind for step in stepper.trace().steps][-3:]
    ['give back', 'ack', 'back']
    """

    def __init__(
        self, machine: Machine | Watched, steps_per_stage: int = 64, messages: range = range(0)
    ) -> None:
        run = machine if isinstance(machine, Watched) else Watched.machine(machine)
        self._run, self._setup = run, run.setup
        self._scale: int = self._setup["scale"]
        self._steps_per_stage = steps_per_stage
        self._detailed = messages
        self._by_blocks, self._format = run.by_blocks, run.format
        self._steps: list[Step] = []
        self._totals = dict.fromkeys(COUNTERS, 0)
        self._told = 0
        self._done: list[tuple[str, int]] = []  # what was begun, and how many guest pages
        self._pages_per_step = 1
        self._sizes: list[int] = []  # balloon pages of each entry in the message being filled
        self._translated_pages = 0  # of the message the device has
        self._message: list[Step] = []
        self._leaving: list[list[int]] = []  # free once a deflate is acknowledged
        self._small: list[list[Step]] = []  # messages to become one step
        self._small_pages = 0
        self._wire: dict[str, Any] = {}
        self._pages = PageSteps(self._note, self._totals, self._setup["zones"], self._by_blocks)
        self._word: dict[type[told.Event], Callable[[Any], None]] = {
            told.Began: self._began,
            told.OutOfPuff: self._out_of_puff,
            told.RoundLaid: self._round_laid,
            told.Marked: self._marked,
            told.RunsFound: self._runs_found,
            told.ChunksOpened: self._chunks_opened,
            told.ChunksJoined: self._chunks_joined,
            told.Written: self._written,
            told.Named: self._named,
            told.Sent: self._sent,
            told.Popped: self._popped,
            told.Returned: lambda event: None,  # the ack shows it
            told.Acked: self._acked,
            told.Refused: self._refused,
            told.Translated: self._translated,
            told.Released: self._released,
            told.Waiting: self._kept,
            told.GivenBack: self._kept,
            told.Touched: self._touched,
            told.Reset: self._reset,
        }
        run.listen(self)

    # The listener's two questions

    def grain(self, items: int) -> int:
        """Ask for pieces that make about `steps_per_stage` steps of an inflate."""
        if self._by_blocks or self._totals["messages"] in self._detailed:
            return max(-(-items // self._steps_per_stage), 1)
        return self._pages_per_step

    def tell(self, event: told.Event) -> None:
        """Word one event, or keep it until what it belongs to is complete."""
        self._told += 1
        if not self._pages.tell(self._told, event):
            self._word[type(event)](event)

    def trace(self) -> Trace:
        """End the listening, and return the steps."""
        self._run.listen(None)
        self._end_of_stage()
        title = words.title(self._done, self._run.name, self._setup["format"])
        return Trace({"title": title} | self._setup, tuple(self._steps))

    def _end_of_stage(self) -> None:
        self._pages.end()
        self._end_messages()

    def _end_messages(self) -> None:
        """Let go of whole messages, and of one that was never acknowledged."""
        self._end_small_messages()
        self._steps += self._message
        self._message = []

    # Steps

    def _note(
        self, kind: str, span: tuple[int, int], why: str, at: int | None = None, **changes: Any
    ) -> None:
        counters = tuple(self._totals[name] for name in COUNTERS)
        step = Step(kind, *span, why, counters, changes, self._told if at is None else at)
        if step.stage == "allocate" or kind in ("touch", "reset"):
            self._end_messages()
            self._steps.append(step)
        else:
            self._message.append(step)

    def _end_small_messages(self) -> None:
        small, self._small, self._small_pages = self._small, [], 0
        if len(small) < 2:
            self._steps += [step for steps in small for step in steps]
        else:
            steps = [step for steps in small for step in steps]
            why = words.several_messages(len(small), steps[-1], small[0][0])
            self._steps.append(merged("messages", why, steps))

    # The driver

    def _began(self, event: told.Began) -> None:
        self._end_of_stage()
        self._done.append((event.what, event.pages))
        self._pages_per_step = max(-(-event.pages // self._steps_per_stage), 1)

    def _out_of_puff(self, event: told.OutOfPuff) -> None:
        self._end_of_stage()
        self._note("puff", (0, 0), words.out_of_puff(event.missing_pages))

    # Packing

    def _round_laid(self, event: told.RoundLaid) -> None:
        laid = {"base": event.base_pfn, "bits": event.bits, "count": event.bitmaps}
        span = (event.base_pfn, event.bits * event.bitmaps)
        self._laid_pfn = event.base_pfn
        self._note("round", span, words.round(event), bitmap=laid | {"max": event.max_bitmaps})

    def _marked(self, event: told.Marked) -> None:
        marked = where.spans(event.pfns)
        bits = marked - (self._laid_pfn, 0)
        self._note("mark", where.reach(marked), words.mark(event.pfns), bits=bits.tolist())

    def _runs_found(self, event: told.RunsFound) -> None:
        self._note("run", where.reach(event.runs), words.found_runs(event))

    def _chunks_opened(self, event: told.ChunksOpened) -> None:
        entries = self._entries(event.first, event.chunks)
        why = words.opened(self._format.entry, self._sizes[event.first :])
        self._note("chunk", where.reach(event.chunks), why, entries=entries)

    def _entries(self, first: int, chunks: PageRanges) -> list[list[int]]:
        """Put chunks into the message from entry `first` on, and say where they lie."""
        balloon_pages = (chunks * self._scale).tolist()
        self._sizes[first:] = [size for _, size in balloon_pages]
        return [[first + k, *chunk] for k, chunk in enumerate(balloon_pages)]

    def _chunks_joined(self, event: told.ChunksJoined) -> None:
        self._sizes[event.entry] = event.size * self._scale
        entry = [event.entry, event.base * self._scale, event.size * self._scale]
        self._note("chunk", (event.base, event.size), words.joined(), entries=[entry])

    def _written(self, event: told.Written) -> None:
        self._sizes[event.first :] = [1] * len(event.pfns)
        entries = [[event.first + k, pfn, 1] for k, pfn in enumerate(event.pfns.tolist())]
        span = where.guest_reach(self._scale, where.spans(event.pfns))
        self._note("pfn", span, words.written(), entries=entries)

    def _named(self, event: told.Named) -> None:
        changes: dict[str, Any] = {"entries": self._entries(event.first, event.chunks)}
        inflate = event.queue == Queue.INFLATE
        if inflate:
            changes["state"] = where.marked_as(event.chunks, PAGE_STATES["in balloon"])
        else:
            self._leaving += where.marked_as(event.chunks, PAGE_STATES["free"])
        self._note("chunk", where.reach(event.chunks), words.named(event, inflate), **changes)

    # The queue

    def _sent(self, event: told.Sent) -> None:
        shown = {"queue": int(event.queue), "hex": event.data[:_SHOWN_BYTES].hex()}
        shown |= {"bytes": len(event.data), "desc": event.head}
        self._wire = shown | {"avail": event.avail, "used": event.used}
        full = len(self._sizes) >= self._format.max_entries
        why = words.sent(event, self._format.entry, self._sizes, full)
        self._note("send", self._message_span(), why, message=self._wire)

    def _popped(self, event: told.Popped) -> None:
        self._note("pop", self._message_span(), words.popped(event))

    def _acked(self, event: told.Acked) -> None:
        for name, more in (
            ("pages", sum(self._sizes)),
            ("messages", 1),
            ("bytes", self._wire["bytes"]),
            ("entries", len(self._sizes)),
            ("refused_pages", sum(self._sizes) - self._translated_pages),
        ):
            self._totals[name] += more
        self._translated_pages = 0
        pages = sum(self._sizes) // self._scale
        self._wire = self._wire | {"used": event.used}
        deflate = event.queue == Queue.DEFLATE
        changes: dict[str, Any] = {"message": self._wire, "clear": True}
        if self._leaving:
            changes["state"] = self._leaving
        self._note("ack", self._message_span(), words.acked(deflate), **changes)
        self._sizes, self._leaving = [], []
        small = pages < self._pages_per_step
        if small and self._totals["messages"] - 1 not in self._detailed:
            self._small.append(self._message)
            self._small_pages += pages
        else:
            self._end_small_messages()
            self._steps += self._message
        self._message = []
        if self._small_pages >= self._pages_per_step:
            self._end_small_messages()

    def _reset(self, event: told.Reset) -> None:
        self._end_of_stage()
        self._sizes, self._leaving, self._translated_pages = [], [], 0
        self._note("reset", (0, 0), words.reset(), message=None, clear=True)

    # The device

    def _refused(self, event: told.Refused) -> None:
        reject = [[r.entry, r.reason.value, r.detail] for r in event.rejections]
        self._note("refuse", self._message_span(), words.refused(reject), reject=reject)

    def _translated(self, event: told.Translated) -> None:
        self._totals["translations"] += event.look_ups
        self._translated_pages += int(event.pages.sum())
        pieces = (event.pfns.tolist(), event.pages.tolist(), event.host_pages.tolist())
        ranges = [list(piece) for piece in zip(*pieces, strict=True)]
        span = where.guest_reach(self._scale, where.ranges_of(event.pfns, event.pages))
        self._note("translate", span, words.translated(event.look_ups), ranges=ranges)

    def _released(self, event: told.Released) -> None:
        self._totals["releases"] += event.calls
        self._totals["released_pages"] += int(event.counts.sum())
        why = words.released(event, self._run.advice)
        self._host_step("release", event.starts, event.counts, why, resident=0)

    def _kept(self, event: told.Waiting | told.GivenBack) -> None:
        waits = isinstance(event, told.Waiting)
        kind, why = ("wait", words.waiting) if waits else ("give back", words.given_back)
        self._host_step(kind, event.starts, event.counts, why(event.counts))

    def _touched(self, event: told.Touched) -> None:
        self._host_step("touch", event.starts, event.counts, words.touched(event), resident=1)

    def _host_step(
        self, kind: str, starts: Any, counts: Any, why: str, resident: int | None = None
    ) -> None:
        host = where.ranges_of(starts, counts)
        changes: dict[str, Any] = {}
        if resident is not None:
            changes["host"] = where.marked_as(host, resident)
        span = where.guest_reach(self._scale, where.behind(self._setup["regions"], host))
        self._note(kind, span, why, **changes)

    # Where in the guest

    def _message_span(self) -> tuple[int, int]:
        """Return the span of the message's entries, as the steps that filled it say it."""
        filled = [s for s in self._message if s.kind in ("chunk", "pfn")]
        return where.reach(np.array([[s.base, s.pages] for s in filled], np.int64).reshape(-1, 2))
