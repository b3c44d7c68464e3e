"""Pictures of the review lab: how a case's cells look, and the pages a real guest would lose."""

import numpy as np

from balloonkit.fuzz import FuzzRound
from balloonkit.guest.blocks import TOP_PAGES
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.history import PageLoss
from balloonkit.lab.lessons.review_the_patch.fuzzing import Fuzzed
from balloonkit.lab.lessons.review_the_patch.model import ReviewedGuest
from balloonkit.lab.view.drawing import Drawing, Pane
from balloonkit.lab.view.page_map import PageMap
from balloonkit.lab.view.palette import BLACK, EMPTY, ORANGE, PAGE_LOOKS, SKY, VERMILLION, Look
from balloonkit.lab.view.table import Table, TableCell
from balloonkit.units import counted

__all__ = ["CELL_LOOKS", "show_fuzz", "show_lost"]

_LOST = len(PAGE_LOOKS)
_LOOKS = (*PAGE_LOOKS[:3], Look("told", *PAGE_LOOKS[3][1:]), Look("lost", VERMILLION, "L", "xx"))
#: How a cell is drawn, by its state: each of `CELL_STATES`.
CELL_LOOKS = {
    "told": Look("given up and told", SKY, "✓", ".."),
    "lost": Look("lost", VERMILLION, "L", "xx"),
    "wrong": Look("the guest's own, discarded", BLACK, "✗", ""),
    "again": Look("told a second time", ORANGE, "2", "//"),
    "guest": Look("the guest's own, left alone", EMPTY, "", ""),
    "good": Look("as it should be", SKY, "✓", ".."),
}


def show_lost(reviewed: ReviewedGuest) -> Drawing:
    """Draw the guest's memory with the lost pages lit, and the first of them close up."""
    capture, loss = reviewed.capture, reviewed.losses[reviewed.repaired]
    states = reviewed.guest.page_states()
    states[capture.inflate_pfns] = PAGE_STATES["in balloon"]
    states[loss.lost_pfns] = _LOST
    panes: list[Pane] = [PageMap.of("All memory", states, _LOOKS, lit=(_LOST,))]
    if len(loss.lost_pfns):
        at_pfn = int(loss.lost_pfns[0]) // TOP_PAGES * TOP_PAGES
        near = states[at_pfn : at_pfn + TOP_PAGES]
        title = f"Around the first lost page, {loss.lost_pfns[0]:,}"
        panes.append(PageMap.of(title, near, _LOOKS, first_pfn=at_pfn, columns=32, lit=(_LOST,)))
    lost = len(loss.lost_pfns)
    caption = f"{reviewed.name}: {lost:,} of {loss.ballooned:,} pages lost"
    if lost:
        part = f"{100 * loss.lost_share:.1f}" if loss.lost_share >= 0.001 else "under 0.1"
        caption += f" ({part} %)"
    rows = [_row(repaired, what) for repaired, what in reviewed.losses.items()]
    head = ["repaired", "chunks told", "messages", "pages lost", "first of them"]
    return panes, Table(caption, head, rows)


def _row(repaired: str, loss: PageLoss) -> list[TableCell]:
    first: TableCell = int(loss.lost_pfns.min()) if len(loss.lost_pfns) else "none"
    return [repaired, loss.chunks, loss.messages, len(loss.lost_pfns), first]


_FUZZ_LOOKS = (
    PAGE_LOOKS[0],
    Look("the guest's own", *PAGE_LOOKS[1][1:]),
    _LOOKS[3],
    _LOOKS[4],
    Look("corrupted", BLACK, "✗", ""),
)
_FUZZ_HEAD = [
    "round", "loaded with", "asked", "in the balloon", "told", "lost", "corrupted", "also wrong",
]  # fmt: skip


def show_fuzz(fuzzed: Fuzzed) -> Drawing:
    """Draw the first round in which the accounts differ, or the last, and list them all."""
    rounds = fuzzed.rounds
    bad = [number for number, one in enumerate(rounds, 1) if not one.sound]
    number = bad[0] if bad else len(rounds)
    shown = rounds[number - 1]
    states = np.ones(fuzzed.span_pages, np.uint8)
    for look, pfns in ((2, shown.told_pfns), (3, shown.lost_pfns), (4, shown.corrupted_pfns)):
        states[pfns] = look
    page_map = PageMap.of(f"Round {number}", states, _FUZZ_LOOKS, lit=(3, 4))
    where = f"{counted(len(rounds), 'round')} in {fuzzed.place}, seed {fuzzed.seed}"
    if bad:
        lost, corrupted = len(shown.lost_pfns), len(shown.corrupted_pfns)
        caption = f"{where}: {len(bad)} not sound, the first is round {number}: "
        caption += f"{counted(lost, 'page')} lost, {corrupted:,} corrupted"
    else:
        caption = f"{where}: driver and device name the same pages after each"
    if fuzzed.note:
        caption = f"NOT AS ASKED, {fuzzed.note}. {caption}"
    rows = [_fuzz_row(n, one) for n, one in enumerate(rounds, 1)]
    return [page_map], Table(caption, _FUZZ_HEAD, rows)


def _fuzz_row(number: int, one: FuzzRound) -> list[TableCell]:
    counts = (one.asked_pages, len(one.taken_pfns), len(one.told_pfns), len(one.lost_pfns))
    return [number, one.loaded, *counts, len(one.corrupted_pfns), one.damage or "nothing"]
