"""Lab 1, fragmentation: what ageing does to a guest's free memory.

>>> lab = FragmentationLab()
>>> view = lab.guest()  # size, age and seed: the page map and the free lists
"""

from inspect import getsource
from textwrap import dedent

from balloonkit.guest import OneBlockAtATime
from balloonkit.lab.lab import Lab
from balloonkit.lab.lessons.fragmentation.model import (
    RETURN_ORDERS,
    SIZES,
    SMALL_PAGES,
    BlocksModel,
    FragmentationModel,
)
from balloonkit.lab.lessons.fragmentation.pageblocks import WHY_MOVABLE, show_pageblocks
from balloonkit.lab.lessons.fragmentation.pictures import show_aged, show_blocks, show_free_runs
from balloonkit.lab.view.controls import (
    Choice,
    Range,
    fragmentation,
    guest_size,
    magnify_at,
    seed,
    your_machine,
)
from balloonkit.lab.view.view import Fold, LabView

__all__ = ["FragmentationLab"]

_AGEING = (guest_size(SIZES, label="guest", help=""), fragmentation(step=0.01), seed())
_BLOCKS = (
    Range(
        name="taken",
        label="pages taken",
        low=0,
        high=SMALL_PAGES,
        help="One request for a page at a time.",
    ),
    Range(
        name="returned",
        label="given back",
        low=0,
        high=SMALL_PAGES,
        help="At most what was taken.",
    ),
    Choice.of(name="order", label="give back", values=RETURN_ORDERS),
    seed(help="Another seed, another random order."),
)
_RULES = "The rules in Python: the code that just ran, which tells what it did"


class FragmentationLab(Lab):
    """Age a guest, measure it, and take its blocks apart.

    Attributes
    ----------
    model : FragmentationModel
        Inputs of `guest`, `pageblocks` and `runs`; assign to it to move their controls.
    blocks_model : BlocksModel
        Inputs of `blocks`.

    Examples
    --------
    >>> lab = FragmentationLab()
    >>> lab.blocks_model.taken = 1
    >>> lab.blocks().caption
    'Page 0 is taken: the block of 256 pages at 0 is split, and its other 255 pages stay free.'
    """

    steps = ("guest", "runs", "pageblocks", "blocks")
    kinds = ("next-page",)

    def __init__(self) -> None:
        super().__init__()
        self.model = FragmentationModel()
        self.blocks_model = BlocksModel()

    def guest(self) -> LabView:
        """Age a guest: the page map, and its free memory by order."""
        controls = (*_AGEING, your_machine(), magnify_at())
        return LabView(self.model, controls, self.model.aged, show_aged, "Age a guest")

    def pageblocks(self) -> LabView:
        """Colour its pageblocks by what they are for: which of them may a balloon have, and why?"""
        fold = Fold("Why a balloon takes movable pages", WHY_MOVABLE)
        title = "Pageblocks by migrate type"
        controls = (*_AGEING, your_machine())
        model = self.model
        return LabView(model, controls, model.guest, show_pageblocks, title, fold=fold)

    def runs(self) -> LabView:
        """Measure it: free runs, and what a request of each order could not use."""
        title = "Measure its fragmentation"
        controls = (*_AGEING, your_machine())
        return LabView(self.model, controls, self.model.guest, show_free_runs, title)

    def blocks(self) -> LabView:
        """Allocate and free pages of a small guest: watch blocks split and merge."""
        model, fold = self.blocks_model, Fold(_RULES, _rules())
        return LabView(model, _BLOCKS, model.run, show_blocks, "Split and merge blocks", fold=fold)


def _rules() -> str:
    """Return the source of the two methods that split and merge."""
    methods = (OneBlockAtATime._rmqueue_smallest, OneBlockAtATime._free_one_page)
    return "\n".join(dedent(getsource(method)) for method in methods)
