"""Lab 7, review the patch: the posted code of 2017 beside a correct driver, fault by fault.

>>> lab = ReviewLab()
>>> view = lab.fault("B3")  # the smallest input that shows it; needs no kernel once shown
>>> view = lab.guest()  # how many pages of a real guest would have been lost
"""

from collections.abc import Callable

from balloonkit.captures import SHIPPED
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.review_the_patch.fuzzing import FAULTS, PLACES, FuzzModel
from balloonkit.lab.lessons.review_the_patch.model import REPAIRS, ReviewModel
from balloonkit.lab.lessons.review_the_patch.pictures import show_fuzz, show_lost
from balloonkit.lab.lessons.review_the_patch.review_view import ReviewView
from balloonkit.lab.view.controls import Choice, seed
from balloonkit.lab.view.view import LabView
from balloonkit.wire.format import Format

__all__ = ["ReviewLab"]

_REVIEWED = (
    Choice.of(name="guest", label="real guest", values=SHIPPED),
    Choice.of(
        name="repaired",
        label="repaired",
        values=tuple(REPAIRS),
        help="Everything else is as it was posted.",
    ),
)
_FUZZED = (
    Choice.of(
        name="fault",
        label="fault",
        values=tuple(FAULTS),
        help="What is wrong with the model's driver.",
    ),
    Choice.of(
        name="place",
        label="runs in",
        values=PLACES,
        help="A kernel boots for it, and takes half a minute or two.",
    ),
    seed(high=99, low=1),
)
#: A kernel that boots, ages and moves its balloon some times.
_PATIENCE_S = 120.0


class ReviewLab(Lab):
    """Review the posted patch.

    Attributes
    ----------
    model : ReviewModel
        Inputs of `guest`; assign to it to move its controls.
    fuzz_model : FuzzModel
        Those of the `fuzz` that was shown last.

    Examples
    --------
    >>> lab = ReviewLab()
    >>> lab.model.repaired = "B1 and B4"
    >>> lab.guest().caption
    'idle-8g: 1 of 1,835,008 pages lost (under 0.1 %)'
    """

    steps = ("fault", "guest", "fuzz")
    kinds = ("count", "chunks", "bitmap")

    def __init__(self) -> None:
        super().__init__()
        self.model = ReviewModel()
        self.fuzz_model = FuzzModel()

    def fault(self, name: str = "B1") -> ReviewView:
        """Show a fault, its smallest input, and the other faults on demand."""
        return ReviewView(name)

    def fuzz(self, make_format: Callable[[int, int], Format] | None = None) -> LabView:
        """Move a driver's balloon at random, and ask the device what it was told.

        Parameters
        ----------
        make_format : callable, optional
            Returns a format of your own from the bits of a bitmap and the chunks of a message.
        """
        model = self.fuzz_model = FuzzModel(make_format)
        title = "Fuzz a driver"
        return LabView(model, _FUZZED, model.run, show_fuzz, title, patience_s=_PATIENCE_S)

    def guest(self) -> LabView:
        """Balloon a real guest with the posted code, and light what it loses."""
        title = "How many pages would be lost?"
        return LabView(self.model, _REVIEWED, self.model.review, show_lost, title)
