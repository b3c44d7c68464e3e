"""The picture of both devices' answers to one message: two maps and a table."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.duel.case import DuelOutcome, pfn_ranges
from balloonkit.lab.lessons.host_release.ask_qemu import FIRST_PFN, QemuAnswer
from balloonkit.lab.view.drawing import Drawing, Pane
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import ORANGE, PAGE_LOOKS, VERMILLION, Look
from balloonkit.lab.view.table import Table, TableCell
from balloonkit.units import counted

__all__ = ["ANSWER_LOOKS", "show_answer"]

_PAGES, _COLUMNS = 2 * FIRST_PFN, 32
NOT_NAMED, KEPT, GONE, WRONG = 1, 2, 3, 4
#: A guest page by what the message said of it, and what became of it.
ANSWER_LOOKS = (
    PAGE_LOOKS[0],
    Look("not named", "#595959", "U", ""),
    Look("kept", ORANGE, "W", "//"),
    Look("released", "#DDDDDD", "-", ".."),
    Look("released unasked", VERMILLION, "!", "xx"),
)
_MOST_RANGES = 3


def show_answer(answer: QemuAnswer) -> Drawing:
    """Draw the first 1,024 pages of the guest as each device leaves them."""
    qemu = f"QEMU {answer.version}" + (", RECORDED" if answer.recorded else "")
    named = answer.named
    sides = [("This kit's device", answer.kit), (qemu, answer.qemu)]
    panes: list[Pane] = [
        PageMap.of(title, _states(outcome, named), ANSWER_LOOKS, columns=_COLUMNS, lit=(WRONG,))
        for title, outcome in sides
    ]
    rows: list[list[TableCell]] = [
        ["buffers returned", *(outcome.returned_count for _, outcome in sides)],
        ["pages released", *(_pages(outcome.released) for _, outcome in sides)],
        ["named, kept", *(_count(o, named, KEPT) for _, o in sides)],
        ["released unasked", *(_pages(_wrong(o, named)) for _, o in sides)],
        ["release calls", *(outcome.releases for _, outcome in sides)],
        ["needs a reset", *(o.needs_reset for _, o in sides)],
    ]
    return panes, Table(_verdict(answer), ["", *(title for title, _ in sides)], rows)


def _verdict(answer: QemuAnswer) -> str:
    released = len(answer.qemu.released)
    if not answer.differs():
        verdict = f"Both do the same: {counted(released, 'page')} released."
    else:
        verdict = (
            f"They differ: this kit's device releases {counted(len(answer.kit.released), 'page')}, "
            f"QEMU {released:,}. {answer.why}"
        ).rstrip()
    if answer.recorded:
        verdict += f" QEMU's answer is RECORDED: {answer.recorded}"
    return verdict


def _states(outcome: DuelOutcome, named: NDArray[np.int64]) -> NDArray[np.uint8]:
    states = np.full(_PAGES, NOT_NAMED, np.uint8)
    states[named] = KEPT
    released = np.array([pfn for pfn in outcome.released if pfn < _PAGES], np.int64)
    states[released] = np.where(np.isin(released, named), GONE, WRONG)
    return states


def _count(outcome: DuelOutcome, named: NDArray[np.int64], state: int) -> int:
    return int(np.count_nonzero(_states(outcome, named) == state))


def _wrong(outcome: DuelOutcome, named: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(set(outcome.released) - set(named.tolist())))


def _pages(pfns: tuple[int, ...]) -> str:
    """Write how many, and which."""
    if not pfns:
        return "0"
    ranges = [f"{first:#x}" + (f"+{n}" if n > 1 else "") for first, n in pfn_ranges(pfns)]
    more = " ..." if len(ranges) > _MOST_RANGES else ""
    return f"{len(pfns):,}: {', '.join(ranges[:_MOST_RANGES])}{more}"
