"""Both devices' answers to one message, as two maps and a table."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.duel.case import DuelOutcome, pfn_ranges
from balloonkit.lab.lessons.host_release.ask_qemu import (
    CHAINS,
    FIRST_PFN,
    HOST_KIB,
    PAGES,
    QemuAnswer,
    QemuModel,
    ask_qemu,
)
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import ORANGE, PAGE_LOOKS, VERMILLION, Look
from balloonkit.lab.view.view import Choice, Pane, Table
from balloonkit.units import counted

__all__ = ["ANSWER_LOOKS", "QEMU_CONTROLS", "draw_answer"]

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
#: What can be chosen of a message.
QEMU_CONTROLS = (
    Choice("pages", "pages named", [(f"{n}", n) for n in PAGES], "Of 4 KiB, in a row."),
    Choice("chain", "sent as", [(words, name) for name, (words, _) in CHAINS.items()]),
    Choice(
        "host_kib",
        "host page",
        [("4 KiB" if n == 4 else f"{n // 1024} MiB", n) for n in HOST_KIB],
        "What the host can release at once.",
    ),
)


def draw_answer(model: QemuModel) -> tuple[Pane | list[Pane], Table]:
    """Ask both devices; draw the first 1,024 pages of the guest as each leaves them."""
    answer = ask_qemu(model)
    qemu = f"QEMU {answer.version}" + (", RECORDED" if answer.recorded else "")
    named = model.named()
    sides = [("This kit's device", answer.kit), (qemu, answer.qemu)]
    panes: list[Pane] = [
        PageMap.of(title, _states(outcome, named), ANSWER_LOOKS, columns=_COLUMNS, lit=(WRONG,))
        for title, outcome in sides
    ]
    rows = [
        ["buffers returned", *(f"{outcome.returned_count}" for _, outcome in sides)],
        ["pages released", *(_pages(outcome.released) for _, outcome in sides)],
        ["named, kept", *(f"{_count(o, named, KEPT)}" for _, o in sides)],
        ["released unasked", *(_pages(_wrong(o, named)) for _, o in sides)],
        ["release calls", *(f"{outcome.releases:,}" for _, outcome in sides)],
        ["needs a reset", *("yes" if o.needs_reset else "no" for _, o in sides)],
    ]
    return panes, Table(_verdict(answer, model), ["", *(title for title, _ in sides)], rows)


def _verdict(answer: QemuAnswer, model: QemuModel) -> str:
    released = len(answer.qemu.released)
    if not answer.differs():
        verdict = f"Both do the same: {counted(released, 'page')} released."
    else:
        verdict = (
            f"They differ: this kit's device releases {counted(len(answer.kit.released), 'page')}, "
            f"QEMU {released:,}. {answer.why(model)}"
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
