"""Charts: free lists, runs, and messages. Arrays in, matplotlib figures out.

No pyplot: figures belong to whoever asked for them and vanish with the last reference.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from balloonkit.guest.blocks import MAX_ORDER
from balloonkit.guest.zones import Zone
from balloonkit.lab.view.palette import BLUE, PATH_LOOKS, SKY, VERMILLION

__all__ = [
    "draw_lists",
    "draw_messages",
    "draw_order_bars",
    "draw_runs",
    "draw_unusable",
    "draw_wire_order",
    "new_chart",
    "new_figure",
]

#: One bar for each order 0..10. A step of bars is one shape: eleven shapes would cost more time.
_EDGES = np.arange(MAX_ORDER + 2) - 0.5
#: Dots a small chart can show.
_DOTS = 300
#: Blocks of one list that are drawn before an ellipsis.
_BOXES = 8


def new_figure(height: float = 3.1) -> Figure:
    """Return an empty figure, `height` inches high, and as wide as what a view shows beside a map.

    Whoever draws on it sets the margins: a layout engine would cost more time than all the drawing.
    """
    return Figure(figsize=(5.2, height), dpi=90)


def new_chart(
    title: str = "",
    height: float = 3.1,
    left: float = 0.145,
    right: float = 0.98,
    bottom: float = 0.17,
    top: float = 0.88,
    title_y: float = 1.03,
) -> tuple[Figure, Axes]:
    """Return a figure with one bare set of axes between the given shares of it.

    The title stands at `title_y`, where 0 is the lower and 1 the upper end of the axes.
    """
    figure = new_figure(height)
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    # A fixed height: matplotlib would lay out all text a second time to find one.
    axes.set_title(title, fontsize=11, loc="left", fontweight="bold", y=title_y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def draw_order_bars(axes: Axes, zones: Sequence[Zone], counts: Mapping[str, Sequence[int]]) -> None:
    """Draw the free memory of each order, stacked by zone, in MiB."""
    orders = np.arange(MAX_ORDER + 1)
    bottom = np.zeros(len(orders))
    shades = (("#767676", ""), (SKY, ".."), (BLUE, "//"))
    for zone, (shade, hatch) in zip(zones, shades[-len(zones) :], strict=True):
        top = bottom + np.array(counts[zone.label]) * 2.0**orders * 4096 / (1 << 20)
        label = f"zone {zone.label}"
        axes.stairs(top, _EDGES, baseline=bottom, fill=True, facecolor=shade, hatch=hatch,
                    edgecolor="#000001", linewidth=0.6, label=label)  # fmt: skip
        bottom = top
    axes.set_xticks(orders)
    axes.set_xlabel("order: a block is 2^order pages")
    axes.set_ylabel("free memory, MiB")
    axes.set_ylim(0, max(bottom.max() * 1.2, 1))
    axes.legend(loc="upper center", ncols=3, fontsize=9, frameon=False)


def draw_lists(axes: Axes, lists: Sequence[Sequence[int]]) -> None:
    """Draw the free list of each order as a row of boxes, each with its block's first PFN.

    Parameters
    ----------
    lists : sequence of sequence of int
        First PFNs by order, head first; what does not fit becomes an ellipsis.
    """
    for order, pfns in enumerate(lists):
        for place, pfn in enumerate(pfns[:_BOXES]):
            axes.barh(order, 0.9, left=place, height=0.78, color=SKY)
            axes.text(place + 0.45, order, f"{pfn}", ha="center", va="center", color="#000001")
        if len(pfns) > _BOXES:
            axes.text(_BOXES + 0.05, order, f"+{len(pfns) - _BOXES}", va="center")
    axes.set_xlim(-0.1, _BOXES + 0.7)
    axes.set_ylim(-0.6, len(lists) - 0.4)
    axes.set_yticks(range(len(lists)), [f"{n}" for n in range(len(lists))])
    axes.set_ylabel("order")
    axes.set_xticks([])
    axes.set_xlabel("first PFN of each free block; the leftmost leaves first", loc="left")


def draw_runs(axes: Axes, lengths: NDArray[np.int64], run: str = "run") -> None:
    """Draw how much memory lies in runs of which length, on powers of two."""
    top = max(int(lengths.max()).bit_length(), 1) if len(lengths) else 1
    bins = np.arange(top)
    pages = np.zeros(top)
    if len(lengths):
        np.add.at(pages, np.floor(np.log2(lengths)).astype(int), lengths)
    axes.stairs(pages * 4096 / (1 << 20), np.arange(top + 1) - 0.5, fill=True, color=BLUE)
    every = -(-len(bins) // 8)
    axes.set_xticks(bins[::every], [_short(1 << b) for b in bins[::every].tolist()])
    axes.set_xlabel(f"pages in the {run}, at least")
    axes.set_ylabel(f"MiB in such {run}s")


def draw_wire_order(
    axes: Axes, first_pfns: NDArray[np.uint32], sent: int, zones: Sequence[Zone]
) -> None:
    """Draw the address of the first page of each message, and how far the messages have got."""
    messages = np.arange(len(first_pfns)) + 1
    shown = slice(None, None, -(-len(first_pfns) // _DOTS))
    gib = first_pfns / (1 << 18)  # true division: a 32-bit address would wrap at 4 GiB
    axes.plot(messages[shown], gib[shown], ".", color=BLUE, markersize=4)
    axes.axvline(sent, color=VERMILLION, linewidth=1.5)
    for zone in zones[1:]:
        axes.axhline(zone.start_pfn * 4096 / (1 << 30), color="#888888", linewidth=0.6)
    axes.set_xlim(0, len(first_pfns) * 1.02)
    axes.set_ylim(0, zones[-1].end_pfn * 4096 / (1 << 30))
    axes.set_xlabel("message; the line is the one sent last")
    axes.set_ylabel("address, GiB")


def draw_messages(axes: Axes, messages: Mapping[str, int]) -> None:
    """Draw how many messages each path takes, as bars with their number beside them."""
    longest = max(*messages.values(), 1)
    for row, (path, n) in enumerate(messages.items()):
        axes.barh(row, n, height=0.6, color=PATH_LOOKS[path].colour)
        axes.text(n + longest * 0.015, row, f"{n:,}", va="center")
    axes.set_yticks(range(len(messages)), list(messages))
    axes.set_xlim(0, longest * 1.15)
    axes.set_ylim(len(messages) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_xlabel("messages, each with a kick and a wait")


def draw_unusable(axes: Axes, shares: Sequence[float]) -> None:
    """Draw which share of the free memory a request of each order cannot use."""
    axes.plot(shares, marker="o", color=VERMILLION)
    axes.set_xticks(range(len(shares)))
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlabel("order asked for")
    axes.set_ylabel("unusable index")
    axes.grid(axis="y", alpha=0.3)


def _short(n: int) -> str:
    """Write a power of two briefly: 512, 4 Ki, 2 Mi."""
    for shift, unit in ((20, " Mi"), (10, " Ki")):
        if n >= 1 << shift:
            return f"{n >> shift}{unit}"
    return str(n)
