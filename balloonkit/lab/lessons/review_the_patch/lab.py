"""Lab 7, review the patch: the posted code of 2017 beside a correct driver, fault by fault.

>>> lab = ReviewLab()
>>> view = lab.fault("B3")  # the smallest input that shows it; needs no kernel once shown
>>> view = lab.guest()  # how many pages of a real guest would have been lost
"""

import html
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
import traitlets

from balloonkit.captures import SHIPPED, Capture, load_capture
from balloonkit.guest.blocks import TOP_PAGES
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.history import AS_POSTED, Fault, PageLoss, pages_lost
from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.lessons.fragmentation.lab import pages_by_free_mask
from balloonkit.lab.lessons.predict_check_reason.lab import QuestionsLab
from balloonkit.lab.lessons.review_the_patch.model import CELL_LOOKS, all_cases
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import PAGE_LOOKS, VERMILLION, Look
from balloonkit.lab.view.view import Choice, LabView, Pane, Table
from balloonkit.lab.view.widget import KitWidget
from balloonkit.predict import guest_of

__all__ = ["ReviewLab", "ReviewModel", "ReviewView"]


_LOST = len(PAGE_LOOKS)
_LOOKS = (*PAGE_LOOKS[:3], Look("told", *PAGE_LOOKS[3][1:]), Look("lost", VERMILLION, "L", "xx"))

#: Repairs in the order a review would make them: what is still in.
_REPAIRS = {
    "nothing": AS_POSTED,
    "B1": AS_POSTED - {Fault.B1},
    "B1 and B4": AS_POSTED - {Fault.B1, Fault.B4},
    "B1, B4 and B3": AS_POSTED - {Fault.B1, Fault.B4, Fault.B3},
    "everything": frozenset[Fault](),
}


class ReviewView(KitWidget):
    """Every fault with its smallest input, all sent at once: choosing one needs no kernel."""

    _esm = bundle("review")
    _css = styles("view", "review")

    cases: traitlets.List[Any] = traitlets.List().tag(sync=True)
    looks = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)

    def __init__(self, name: str) -> None:
        names = [fault.name for fault in Fault]
        if name not in names:
            raise ValueError(f"fault {name!r}: choose one of {', '.join(names)}")
        super().__init__(
            cases=[asdict(case) for case in all_cases()],
            looks={state: look.spec() for state, look in CELL_LOOKS.items()},
            chosen=names.index(name),
        )

    def static(self) -> dict[str, Any]:
        """Return all faults as text."""
        texts, sections = [], []
        for case in all_cases():
            lines = [
                f"Input: {case.steps}",
                f"Told with {case.alone.name}: {case.alone.told}. {case.alone.verdict}",
                f"Told by {case.correct.name}: {case.correct.told}. {case.correct.verdict}",
                f"Hint: {case.hint}",
                f"Fix: {case.fix}",
            ]
            title = f"{case.name}. {case.title}"
            texts.append("\n  ".join([title, *lines]))
            items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            sections.append(f"<p><b>{html.escape(title)}</b></p><ul>{items}</ul>")
        return {"text/plain": "\n".join(texts), "text/html": "".join(sections)}


class ReviewModel(traitlets.HasTraits):
    """A real guest, and which faults have been repaired."""

    guest = traitlets.Enum(SHIPPED, "idle-8g")
    repaired = traitlets.Enum(tuple(_REPAIRS), "B1")

    def loss(self) -> PageLoss:
        """Return what the guest would have lost."""
        return _loss(self.guest, self.repaired)


class ReviewLab(QuestionsLab):
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

    kinds = ("count", "chunks", "bitmap")

    def __init__(self) -> None:
        super().__init__()
        self.model = ReviewModel()

    def fault(self, name: str = "B1") -> ReviewView:
        """Show a fault, its smallest input, and the other faults on demand."""
        return ReviewView(name)

    def guest(self) -> LabView:
        """Balloon a real guest with the posted code, and light what it loses."""
        controls = (
            Choice("guest", "real guest", [(name, name) for name in SHIPPED]),
            Choice(
                "repaired",
                "repaired",
                [(text, text) for text in _REPAIRS],
                "Everything else is as it was posted.",
            ),
        )
        return LabView(self.model, controls, self._draw_guest, "How many pages would be lost?")

    def all(self) -> list[ReviewView | LabView]:
        """Return every step's view, in the order of the lesson."""
        return [self.fault(), self.guest()]

    def _draw_guest(self) -> tuple[list[Pane], Table]:
        capture, loss = _capture(self.model.guest), self.model.loss()
        states = pages_by_free_mask(guest_of(capture))
        states[capture.inflate_pfns] = PAGE_STATES["in balloon"]
        states[loss.lost_pfns] = _LOST
        page_map = PageMap.of("All memory", states, _LOOKS, lit=(_LOST,))
        panes: list[Pane] = [page_map]
        if len(loss.lost_pfns):
            at_pfn = int(loss.lost_pfns[0]) // TOP_PAGES * TOP_PAGES
            near = states[at_pfn : at_pfn + TOP_PAGES]
            title = f"Around the first lost page, {loss.lost_pfns[0]:,}"
            panes.append(
                PageMap.of(title, near, _LOOKS, first_pfn=at_pfn, columns=32, lit=(_LOST,))
            )
        lost = len(loss.lost_pfns)
        share = f"{100 * loss.lost_share:.1f}" if loss.lost_share >= 0.001 else "under 0.1"
        caption = f"{self.model.guest}: {lost:,} of {loss.ballooned:,} pages lost"
        caption += f" ({share} %)" if lost else ""
        rows = [_row(self.model.guest, repaired) for repaired in _REPAIRS]
        head = ["repaired", "chunks told", "messages", "pages lost", "first of them"]
        return panes, Table(caption, head, rows)


@cache
def _capture(name: str) -> Capture:
    return load_capture(name)


@cache
def _loss(name: str, repaired: str) -> PageLoss:
    return pages_lost(_capture(name).inflate_pfns, _REPAIRS[repaired])


def _row(name: str, repaired: str) -> list[str]:
    loss = _loss(name, repaired)
    first = f"{int(np.min(loss.lost_pfns)):,}" if len(loss.lost_pfns) else "none"
    numbers = (loss.chunks, loss.messages, len(loss.lost_pfns))
    return [repaired, *(f"{n:,}" for n in numbers), first]
