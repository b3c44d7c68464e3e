"""The race of 2017 as two lanes on one clock: who rings when, and when each stage ends.

A lane goes in rounds, one a message: allocate the message's pages, ring and wait, and the host
translates and releases them. Every round takes its share of each stage's time. That is this kit's
model; published are the stages of the classic path, and of chunks the total alone.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from balloonkit.costs import CHUNKS_TOTAL_2017_S, COSTS_2017, Costs, Counts, Stages
from balloonkit.guest import Guest
from balloonkit.lab.view.table import Table, TableCell, seconds
from balloonkit.path_counts import PageCounts
from balloonkit.paths import label_of
from balloonkit.units import counted

__all__ = ["Milestones", "RaceLane", "lanes_2017", "lanes_table"]

_INFLATE_GIB = 7
#: Which figures of a lane were published in 2017, and which are the model's.
_SOURCES = {
    "classic": "stages and total as published in 2017",
    "chunks": f"total as published in 2017 (about {CHUNKS_TOTAL_2017_S * 1000:.0f} ms); "
    "its stages were not, they are this kit's model",
}


class Milestones(NamedTuple):
    """Seconds on the clock: the first ring and the last, and where each stage ends for good."""

    first_ring_s: float
    last_ring_s: float
    ends_s: dict[str, float]

    @property
    def total_s(self) -> float:
        """When the lane is done."""
        return self.ends_s["release"]


@dataclass(frozen=True)
class RaceLane:
    """One competitor.

    Attributes
    ----------
    path : str
        Name in `balloonkit.paths`.
    counts : Counts
    costs : Costs
        Unit costs, the price of a bell among them.
    source : str
        Which of its figures were published.

    Raises
    ------
    ValueError
        If its last message is shorter than the others: a lane's rounds are all the same.

    Examples
    --------
    >>> classic, chunks = lanes_2017()
    >>> classic.counts.messages, round(classic.milestones().total_s, 3)
    (7168, 4.126)
    >>> chunks.counts.messages, round(chunks.milestones().total_s, 3)
    (1, 0.59)
    """

    path: str
    counts: Counts
    costs: Costs
    source: str

    def __post_init__(self) -> None:
        pages, messages = self.counts.pages, self.counts.messages
        if not messages or pages % messages:
            raise ValueError(
                f"{self.path}: {pages:,} pages in {messages:,} messages; "
                "a lane needs messages of one length, so choose a size they divide"
            )

    def stages(self, kick_percent: int = 100) -> Stages:
        """Return the seconds of each stage when a bell costs so much of its price."""
        kick_s = self.costs.message_s * kick_percent / 100
        return replace(self.costs, message_s=kick_s).stages(self.counts)

    def milestones(self, kick_percent: int = 100) -> Milestones:
        """Return when it rings, and when each stage has ended for good."""
        stages, rounds = self.stages(kick_percent), self.counts.messages
        before_last_s = stages.total / rounds * (rounds - 1)
        first_ring_s = stages.allocate / rounds
        parts = [getattr(stages, field.name) / rounds for field in fields(Stages)]
        ends_s = [before_last_s + end_s for end_s in accumulate(parts)]
        names = [field.name for field in fields(Stages)]
        return Milestones(
            first_ring_s, before_last_s + first_ring_s, dict(zip(names, ends_s, strict=True))
        )

    def spec(self) -> dict[str, object]:
        """Return what the browser needs: counts, seconds without the bell, and the bell's."""
        silent = self.stages(0).as_dict()
        return {
            "path": self.path,
            "pages": self.counts.pages,
            "messages": self.counts.messages,
            "silent_s": [silent[field.name] for field in fields(Stages)],
            "kick_s": self.costs.message_s,
            "source": self.source,
        }


@cache
def lanes_2017() -> tuple[RaceLane, RaceLane]:
    """Return the race of 2017: 7 GiB of an idle 8 GiB guest, classic and chunks."""
    counts = PageCounts.of(Guest.idle("8GiB"))
    raced = {"classic": counts.classic(_INFLATE_GIB), "chunks": counts.chunks(_INFLATE_GIB)}
    classic, chunks = (RaceLane(path, c, COSTS_2017, _SOURCES[path]) for path, c in raced.items())
    return classic, chunks


def lanes_table(lanes: tuple[RaceLane, ...], kick_percent: int = 100) -> Table:
    """Return when each lane rings, and when its stages and all of it end."""
    reached = [lane.milestones(kick_percent) for lane in lanes]
    rows: list[list[TableCell]] = [
        ["rings", *(lane.counts.messages for lane in lanes)],
        ["first ring, s", *(seconds(m.first_ring_s, 6) for m in reached)],
        ["last ring, s", *(seconds(m.last_ring_s, 6) for m in reached)],
    ]
    for stage in reached[0].ends_s:
        rows.append([f"{stage} ends, s", *(seconds(m.ends_s[stage], 6) for m in reached)])
    rows.append(["total, s", *(seconds(m.total_s, 3) for m in reached)])
    head = ["on the clock", *(label_of(lane.path) for lane in lanes)]
    percent = "" if kick_percent == 100 else f" with a bell at {kick_percent} % of its price"
    said = "; ".join(
        f"{label_of(lane.path)}, {counted(lane.counts.messages, 'ring')}, done at {m.total_s:.3f} s"
        for lane, m in zip(lanes, reached, strict=True)
    )
    return Table(f"{_INFLATE_GIB} GiB of an idle 8 GiB guest{percent}: {said}", head, rows)
