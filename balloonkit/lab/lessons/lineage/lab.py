"""Lab 8, lineage: where chunks came from, what became of them, and what each format would send.

>>> lab = LineageLab()
>>> view = lab.timeline()  # each posting with its own figures
>>> view = lab.compare()  # the same guest in every format, computed here
"""

import traitlets

from balloonkit.history import POSTINGS
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.lineage.model import GUESTS, MEASURES, LineageModel
from balloonkit.lab.lessons.lineage.pictures import show_formats, show_timeline
from balloonkit.lab.view.controls import Choice, fragmentation
from balloonkit.lab.view.view import LabView

__all__ = ["LineageLab"]

_FORMATS = (
    Choice.of(
        name="guest", label="guest", values=GUESTS, help="Three real guests, or one made here."
    ),
    Choice.of(name="measure", label="compare by", values=MEASURES),
    fragmentation(help="Of the modelled guest only: 0 is freshly booted, 1 a checkerboard."),
)


class LineageLab(Lab):
    """Follow the chunks.

    Attributes
    ----------
    model : LineageModel
        Inputs of `compare`; assign to it to move its controls.

    Examples
    --------
    >>> lab = LineageLab()
    >>> lab.compare().caption
    'aged-8g, 1,048,576 pages. Fewest bytes to name them all: page bitmap, 189,144'
    """

    steps = ("timeline", "compare")
    kinds = ("chunks", "messages", "payer")

    def __init__(self) -> None:
        super().__init__()
        self.model = LineageModel()

    def timeline(self) -> LabView:
        """Show every posting with the figures it claims."""
        nothing = traitlets.HasTraits()
        return LabView(nothing, (), lambda: POSTINGS, show_timeline, "The lineage")

    def compare(self) -> LabView:
        """Send the same guest in every format."""
        title = "What would each format send?"
        return LabView(self.model, _FORMATS, self.model.compare, show_formats, title)
