"""Lab 7, review the patch: the posted code of 2017 beside a correct driver, fault by fault.

>>> lab = ReviewLab()
>>> view = lab.fault("B3")  # the smallest input that shows it; needs no kernel once shown
>>> view = lab.guest()  # how many pages of a real guest would have been lost
"""

from balloonkit.captures import SHIPPED
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.review_the_patch.model import REPAIRS, ReviewModel
from balloonkit.lab.lessons.review_the_patch.pictures import show_lost
from balloonkit.lab.lessons.review_the_patch.review_view import ReviewView
from balloonkit.lab.view.controls import Choice
from balloonkit.lab.view.view import LabView

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


class ReviewLab(Lab):
    """Review the posted patch.

    Attributes
    ----------
    model : ReviewModel
        Inputs of `guest`; assign to it to move its controls.

    Examples
    --------
    >>> lab = ReviewLab()
    >>> lab.model.repaired = "B1 and B4"
    >>> lab.guest().caption
    'idle-8g: 1 of 1,835,008 pages lost (under 0.1 %)'
    """

    steps = ("fault", "guest")
    kinds = ("count", "chunks", "bitmap")

    def __init__(self) -> None:
        super().__init__()
        self.model = ReviewModel()

    def fault(self, name: str = "B1") -> ReviewView:
        """Show a fault, its smallest input, and the other faults on demand."""
        return ReviewView(name)

    def guest(self) -> LabView:
        """Balloon a real guest with the posted code, and light what it loses."""
        title = "How many pages would be lost?"
        return LabView(self.model, _REVIEWED, self.model.review, show_lost, title)
