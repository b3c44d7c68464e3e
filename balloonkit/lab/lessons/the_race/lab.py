"""Lab 4, the race: classic against chunks against whole blocks, on 7 of 8 GiB.

>>> lab = RaceLab()
>>> view = lab.stages()  # four stages as bars, beside the figures of 2017
"""

from collections.abc import Sequence

from balloonkit.costs import COSTS_2017
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.host_release.model import SIZES
from balloonkit.lab.lessons.the_race.model import MeasuredModel, RaceModel
from balloonkit.lab.lessons.the_race.pictures import show_measured, show_race, show_sweep
from balloonkit.lab.lessons.the_race.race_lanes import RaceLanes
from balloonkit.lab.view.controls import (
    Choice,
    Range,
    fragmentation,
    guest_size,
    inflate,
    join_at_edges,
    message_buffer,
    your_machine,
)
from balloonkit.lab.view.view import LabView
from balloonkit.limits import fitting_sizes
from balloonkit.path_counts import BITS, INFLATE_GIB
from balloonkit.units import BALLOON_PAGE_BYTES, format_size
from balloonkit.wire import Format

__all__ = ["RaceLab"]

_PRICED = (
    inflate("inflate_gib", INFLATE_GIB[0], INFLATE_GIB[-1], " GiB"),
    Range(
        name="kick_percent",
        label="cost of a kick",
        low=0,
        high=200,
        help="100 % is what the price makes of one message, kick and wait included: "
        f"{COSTS_2017.message_s * 1e6:.0f} µs if the message pays for all of it.",
        unit=" %",
    ),
    Choice(
        name="price",
        label="sending is paid",
        options=[
            ("by the message", "message"),
            ("by the entry", "entry"),
            ("half and half", "half"),
        ],
        help="An assumption: each fits all that was published in 2017.",
    ),
    message_buffer(),
    join_at_edges(),
    Choice(
        name="bits",
        label="bitmap",
        options=[(f"{n:,} bits: {format_size(n * BALLOON_PAGE_BYTES)}", n) for n in BITS],
        help="Only an edge can cut a run, so it matters only when runs are not joined.",
    ),
)


class RaceLab(Lab):
    """Race the paths, and find where chunks stop paying.

    Parameters
    ----------
    formats : sequence of Format
        Message formats of your own, to race beside the others under their names.

    Attributes
    ----------
    model : RaceModel
        Inputs of `stages`; assign to it to move its controls.
    sweep_model : RaceModel
        Inputs of `sweep`, apart, so that a move redraws one picture.
    measured_model : MeasuredModel
        Inputs of `measured`.

    Examples
    --------
    >>> lab = RaceLab()
    >>> lab.lanes().caption[:60]
    '7 GiB of an idle 8 GiB guest: classic, 7,168 rings, done at '
    """

    steps = ("lanes", "stages", "sweep", "measured")
    kinds = ("messages", "payer")

    def __init__(self, formats: Sequence[Format] = ()) -> None:
        super().__init__()
        self.model = RaceModel(formats=tuple(formats))
        self.sweep_model = RaceModel()
        self.measured_model = MeasuredModel(formats=tuple(formats))

    def lanes(self) -> RaceLanes:
        """Race classic against chunks as in 2017, on the reader's own clock."""
        return RaceLanes()

    def stages(self) -> LabView:
        """Race the paths: where the time goes, in four stages, beside the figures of 2017."""
        controls = (*_PRICED, fragmentation(), your_machine())
        return LabView(self.model, controls, self.model.race, show_race, "Race")

    def sweep(self) -> LabView:
        """Race classic against chunks on 21 guests: from which fragmentation on do chunks lose?"""
        model = self.sweep_model
        return LabView(model, _PRICED, model.sweep, show_sweep, "Where chunks stop paying")

    def measured(self) -> LabView:
        """Race on this machine, with real memory and a real clock, on a size that fits."""
        ageing = fragmentation(help="Share of odd pages in use. A move measures anew.")
        controls = (guest_size(fitting_sizes(SIZES) or SIZES[:1]), ageing)
        model = self.measured_model
        return LabView(model, controls, model.race, show_measured, "Race on this machine")
