"""Lab 2, chunk formation: one small inflate step by step, and both paths beside each other.

>>> lab = ChunkLab("seed=7 pages=64")
>>> bench = lab.bench()  # controls, comparison and step player
>>> lab.model.restore("seed=7 pages=64 fragmentation=0.5")  # the same as moving the controls
"""

from typing import Any

from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.chunk_formation.model import ChunkModel
from balloonkit.lab.lessons.chunk_formation.pictures import show_counts
from balloonkit.lab.player.player import StepPlayer
from balloonkit.lab.view.column import Column
from balloonkit.lab.view.controls import (
    Choice,
    Switch,
    fragmentation,
    inflate,
    join_at_edges,
    seed,
    your_machine,
)
from balloonkit.lab.view.view import LabView
from balloonkit.wire.queue import Queue

__all__ = ["ChunkLab"]

#: The kinds of step each stage begins with.
_FIRST = {"pack": ("round", "pfn"), "release": ("send",)}
_CONTROLS = (
    Choice(
        name="pages",
        label="guest",
        options=[(f"{n:,} pages", n) for n in (64, 256, 1024, 4096)],
    ),
    inflate("inflate", 1, 100, " %", "Share of the guest's pages."),
    fragmentation(),
    seed(high=99),
    Choice(
        name="path",
        label="player shows",
        options=[("chunks", "chunks"), ("classic, PFN by PFN", "classic")],
    ),
    Choice(
        name="bits",
        label="bitmap",
        options=[(f"{n} bits", n) for n in (64, 128, 256, 1024)],
        help="Guest pages to one bitmap; the proposal's has 262,144.",
    ),
    join_at_edges(),
    Choice(
        name="buffer",
        label="message buffer",
        options=[(f"{n} entries", n) for n in (16, 64, 256)],
        help="A full buffer is sent at once. Real ones: 256 PFNs, 2047 chunks.",
    ),
    Choice(name="page_kib", label="guest page", options=[(f"{n} KiB", n) for n in (4, 16, 64)]),
    Switch(
        name="blocks",
        label="by blocks",
        help="Allocate a whole block at a time, not page by page.",
    ),
    Switch(
        name="back",
        label="and back",
        help="The player goes on: deflate, and the guest's first touch.",
    ),
    your_machine(),
)


class ChunkLab(Lab):
    """Watch pages become chunks.

    Parameters
    ----------
    code : str
        A state to begin with, such as ``"seed=7 pages=64 step=31"``; inputs it does not name are
        at their defaults.

    Attributes
    ----------
    model : ChunkModel
        Inputs of every view; assign to it to move their controls.

    Examples
    --------
    >>> lab = ChunkLab()
    >>> lab.model.inflate = 20
    >>> view = lab.guest()
    """

    steps = ("guest", "pack", "release", "deflate", "bench")
    kinds = ("bitmap", "chunks", "count")

    def __init__(self, code: str = "") -> None:
        super().__init__()
        self.model = ChunkModel()
        self._step = self.model.restore(code)
        self._benched: list[StepPlayer] = []
        self.model.observe(self._play_anew, self.model.inputs)

    def guest(self) -> StepPlayer:
        """Play from the first step: the guest allocates its own pages."""
        return StepPlayer(self.model.trace(), 0)

    def pack(self) -> StepPlayer:
        """Play from where the pages are packed: bitmaps, runs, chunks; or an array of PFNs."""
        return self._from_stage("pack")

    def release(self) -> StepPlayer:
        """Play from where the first message is sent: translate, madvise, acknowledge."""
        return self._from_stage("release")

    def deflate(self) -> StepPlayer:
        """Play from where pages come back: told, acknowledged, given to the guest, and touched."""
        trace = self.model.trace(back=True)
        sent = [(step.get("message") or {}).get("queue") for step in trace["steps"]]
        inflated = len(sent) - 1 - sent[::-1].index(Queue.INFLATE)
        return StepPlayer(trace, inflated + 1)

    def compare(self) -> LabView:
        """Count what both paths need for the same guest: the bench without its player."""
        return LabView(self.model, _CONTROLS, self.model.both, show_counts, "Form chunks")

    def bench(self) -> Column:
        """Show everything on one bench: controls, both paths' counts, and the player."""
        step = self._step if self._step is not None else 0
        self._benched.append(StepPlayer(self.model.trace(), step))
        return Column(self.compare(), self._benched[-1])

    def restore(self, code: str) -> None:
        """Go to the state a code names: the controls, and the player of every bench.

        Raises
        ------
        ValueError
            If the code is not understood, or its run has no such step.
        """
        self._step = self.model.restore(code)
        for player in self._benched:
            if self._step is not None:
                player.jump(self._step)

    def _from_stage(self, stage: str) -> StepPlayer:
        trace = self.model.trace()
        first = (at for at, step in enumerate(trace["steps"]) if step["kind"] in _FIRST[stage])
        return StepPlayer(trace, next(first))

    def _play_anew(self, change: dict[str, Any]) -> None:
        try:
            trace = self.model.trace()
        except (ValueError, MemoryError):
            return  # the view above says why
        for player in self._benched:
            if player.trace["code"] != trace["code"]:
                player.trace = trace
