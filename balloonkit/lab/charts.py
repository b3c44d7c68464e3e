"""Static pictures: memory maps, free lists, runs, and stages. Arrays in, matplotlib figures out.

No pyplot: figures belong to whoever asked for them and vanish with the last reference.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.zones import Zone
from balloonkit.lab.palette import BLUE, PAGE_LOOKS, PATH_LOOKS, STAGE_LOOKS, rgb

__all__ = [
    "draw_cells",
    "draw_map",
    "draw_orders",
    "draw_runs",
    "draw_stages",
    "draw_zoom",
    "new_axes",
]

#: A big map has this many columns; each cell stands for as many pages as it takes.
_COLUMNS, _ROWS = 256, 64


def new_axes(
    width_ratios: Sequence[float] = (1,), height: float = 3.8
) -> tuple[Figure, list[Axes]]:
    """Return a figure 10 inches wide with one row of axes.

    Margins are fixed: a layout engine would cost more time than all the drawing.
    """
    figure = Figure(figsize=(10, height), dpi=90)
    axes = figure.subplots(1, len(width_ratios), width_ratios=width_ratios, squeeze=False)
    figure.subplots_adjust(
        left=0.07, right=0.985, bottom=0.55 / height, top=1 - 0.42 / height, wspace=0.24
    )
    return figure, list(axes[0])


def draw_map(axes: Axes, states: NDArray[np.uint8], page_bytes: int = 4096) -> None:
    """Draw a guest of any size: each cell is a mix of its pages' colours.

    Parameters
    ----------
    states : array of uint8, shape (PFNs,)
        0 no RAM, 1 in use, 2 free, 3 in the balloon.
    """
    pages_per_cell = -(-len(states) // (_COLUMNS * _ROWS))
    row_pages = pages_per_cell * _COLUMNS
    rows = -(-len(states) // row_pages)
    padded = np.zeros(rows * row_pages, np.uint8)
    padded[: len(states)] = states
    cells = padded.reshape(rows, _COLUMNS, pages_per_cell)
    picture = np.zeros((rows, _COLUMNS, 3))
    for state, look in enumerate(PAGE_LOOKS):
        share = (cells == state).mean(axis=2, dtype=np.float32)
        picture += share[:, :, None] * np.array(rgb(look.colour))
    gib = len(states) * page_bytes / (1 << 30)
    axes.imshow(
        picture.astype(np.uint8),
        extent=(0, _COLUMNS, gib * rows * row_pages / len(states), 0),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_ylabel("address, GiB")
    axes.set_xticks([])
    cell_kib = pages_per_cell * page_bytes >> 10
    axes.set_xlabel(f"one cell: {pages_per_cell} pages, {cell_kib} KiB; rows run left to right")
    _legend(axes, sorted(set(np.unique(states[:: max(len(states) // 65536, 1)]).tolist()) | {1, 2}))


def draw_zoom(axes: Axes, states: NDArray[np.uint8], first_pfn: int) -> None:
    """Draw 1024 pages from `first_pfn` one by one: what a cell of the big map blurs."""
    colours = np.array([rgb(look.colour) for look in PAGE_LOOKS], np.uint8)
    shown = np.zeros(1024, np.uint8)
    part = states[first_pfn : first_pfn + 1024]
    shown[: len(part)] = part
    axes.imshow(colours[shown].reshape(32, 32, 3), interpolation="nearest", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"1024 pages from PFN {first_pfn:,}")


def draw_cells(
    axes: Axes, states: NDArray[np.uint8], blocks: Sequence[tuple[int, int]], columns: int = 32
) -> None:
    """Draw a small guest page by page, with a letter in each and a frame around each free block.

    Parameters
    ----------
    states : array of uint8, shape (pages,)
    blocks : sequence of (first PFN, pages)
        Free blocks, at most one row wide or whole rows.
    """
    rows = -(-len(states) // columns)
    picture = np.full((rows * columns, 3), 255, np.uint8)
    colours = np.array([rgb(look.colour) for look in PAGE_LOOKS], np.uint8)
    picture[: len(states)] = colours[states]
    axes.imshow(picture.reshape(rows, columns, 3), extent=(0, columns, rows, 0), aspect="auto")
    for pfn, state in enumerate(states):
        axes.text(
            pfn % columns + 0.5,
            pfn // columns + 0.5,
            PAGE_LOOKS[state].letter,
            ha="center",
            va="center",
            fontsize=8,
            color="white" if state == 1 else "black",
        )
    for first, pages in blocks:
        width, height = min(pages, columns), max(pages // columns, 1)
        corner = (first % columns + 0.06, first // columns + 0.06)
        axes.add_patch(
            _frame(corner, width - 0.12, height - 0.12),
        )
    axes.set_yticks(np.arange(rows) + 0.5, [str(row * columns) for row in range(rows)])
    axes.set_xticks(np.arange(0, columns, 8) + 0.5, [f"+{c}" for c in range(0, columns, 8)])
    axes.set_ylabel("PFN")
    _legend(axes, sorted(set(states.tolist())))


def draw_orders(axes: Axes, zones: Sequence[Zone], counts: Mapping[str, Sequence[int]]) -> None:
    """Draw the free memory of each order, stacked by zone, in MiB."""
    orders = np.arange(MAX_ORDER + 1)
    bottom = np.zeros(len(orders))
    shades = ("#BBBBBB", "#56B4E9", BLUE)
    for zone, shade, hatch in zip(zones, shades[-len(zones) :], ("xx", "..", ""), strict=False):
        mib = np.array(counts[zone.name]) * 2.0**orders * 4096 / (1 << 20)
        axes.bar(
            orders, mib, bottom=bottom, color=shade, hatch=hatch, edgecolor="white", label=zone.name
        )
        bottom += mib
    axes.set_xticks(orders)
    axes.set_xlabel("order (a block is 2^order pages)")
    axes.set_ylabel("free memory, MiB")
    axes.legend(title="zone", loc="upper left", fontsize=8)


def draw_runs(axes: Axes, lengths: NDArray[np.int64]) -> None:
    """Draw how much free memory lies in runs of which length, both on powers of two."""
    top = max(int(lengths.max()).bit_length(), 1) if len(lengths) else 1
    bins = np.arange(top + 1)
    pages = np.zeros(top + 1)
    if len(lengths):
        np.add.at(pages, np.floor(np.log2(lengths)).astype(int), lengths)
    axes.bar(bins, pages * 4096 / (1 << 20), color=BLUE, edgecolor="white")
    every = max(len(bins) // 8, 1)
    axes.set_xticks(bins[::every], [f"{1 << b:,}" for b in bins[::every].tolist()], fontsize=8)
    axes.set_xlabel("run of contiguous free pages, at least")
    axes.set_ylabel("free memory, MiB")


def draw_stages(axes: Axes, paths: Mapping[str, Mapping[str, float]], clock: str) -> None:
    """Draw the four stages of each path as one stacked bar, in ms.

    Parameters
    ----------
    paths : mapping of path name to seconds by stage
    clock : str
        Whose time it is: model or measured, never both in one picture.
    """
    names = list(paths)
    left = np.zeros(len(names))
    for stage, look in STAGE_LOOKS.items():
        ms = np.array([paths[name][stage] * 1000 for name in names])
        axes.barh(
            names,
            ms,
            left=left,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="black",
            linewidth=0.6,
            label=look.label,
        )
        left += ms
    for row, total in enumerate(left):
        axes.text(
            total,
            row,
            f"  {total:,.0f} ms" if total >= 10 else f"  {total:,.2f} ms",
            va="center",
            fontsize=9,
        )
    labels = [PATH_LOOKS[name].label if name in PATH_LOOKS else name for name in names]
    axes.set_yticks(range(len(names)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, max(left.max() * 1.18, 1e-9))
    axes.set_xlabel(f"ms, {clock}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4, fontsize=8, frameon=False)


def _frame(corner: tuple[float, float], width: float, height: float) -> Patch:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, edgecolor=BLUE, linewidth=1.6)


def _legend(axes: Axes, states: Sequence[int]) -> None:
    looks = [PAGE_LOOKS[state] for state in states]
    axes.legend(
        handles=[
            Patch(facecolor=k.colour, edgecolor="black", label=f"{k.letter} {k.label}")
            for k in looks
        ],
        loc="upper center",
        bbox_to_anchor=(0.5, 1.15),
        ncols=4,
        fontsize=8,
        frameon=False,
    )
