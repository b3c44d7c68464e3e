"""Static pictures of what the widgets show, for pages where no widget runs."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from balloonkit.lab.view.palette import (
    BIT_LOOKS,
    BLACK,
    EMPTY,
    HOST_LOOKS,
    PAGE_LOOKS,
    Look,
    ink_on,
)
from balloonkit.trace import START, PlainTrace, state_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["png", "step_figure"]

_PALE = "#EEEEEE"  # an empty cell, to be told from the paper around the map


def png(figure: Figure) -> bytes:
    """Return the picture as PNG bytes."""
    data = BytesIO()
    figure.savefig(data, format="png", dpi=80)
    return data.getvalue()


def step_figure(trace: PlainTrace, step: int) -> Figure:
    """Draw guest memory, bitmaps and host memory at a step, with its why and its counters.

    Pages the step is about are outlined.

    Raises
    ------
    IndexError
        If the trace has no such step.
    """
    state = state_at(trace, step)
    change = {} if step == START else trace["steps"][step]
    figure = Figure(figsize=(11, 5.2))
    title = f"{trace['title']}\n{trace.get('code', '')} step={'start' if step == START else step}"
    figure.suptitle(title, fontsize=11)
    guest, bits, host = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.04, right=0.99, top=0.84, bottom=0.2, wspace=0.12)
    base, pages = change.get("base", 0), change.get("pages", 0)
    lit = np.arange(base, base + pages)
    _grid(guest, state.pages, PAGE_LOOKS, "Guest memory (PFN)", lit, state.first_pfn)
    if state.bitmap is None:
        bits.set_axis_off()
        why = {"classic": "classic path", "own": "a format of its own"}.get(
            trace["format"], "not laid yet"
        )
        bits.set_title(f"No page bitmap: {why}", fontsize=10)
    else:
        pfn = state.bitmap["base"]
        title = f"Page bitmaps (bit 0: PFN {pfn})"
        _grid(bits, state.bits, BIT_LOOKS, title, lit - pfn, state.first_bit)
    wire = (lit[:, None] * trace["scale"] + np.arange(trace["scale"])).ravel()
    behind = [wire[(wire >= g) & (wire < g + n)] - g + h for g, n, h in trace["regions"]]
    lit = np.concatenate([wire[:0], *behind])
    _grid(host, state.host, HOST_LOOKS, "Host memory (host page)", lit, state.first_host_page)
    counted = zip(trace["counters"], state.counters, strict=True)
    counters = "   ".join(f"{name} {value:,}" for name, value in counted)
    figure.supxlabel(f"{change.get('why', 'Before the first step.')}\n{counters}", fontsize=9)
    return figure


def _shade(look: Look) -> str:
    return _PALE if look.colour == EMPTY else look.colour


def _grid(
    axes: "Axes",
    values: "NDArray[np.uint8]",
    looks: tuple[Look, ...],
    title: str,
    lit: "NDArray[np.int64]",
    first: int,
) -> None:
    """Draw cells that count from `first`, those of numbers `lit` outlined."""
    columns = 1 << int(np.ceil(np.log2(max(len(values), 64)) / 2))
    rows = -(-len(values) // columns)
    image = np.ones((rows * columns, 3))
    colours = np.array([to_rgb(_shade(look)) for look in looks])
    image[: len(values)] = colours[values]
    axes.imshow(image.reshape(rows, columns, 3), interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_yticks(range(0, rows, max(1, rows // 8)))
    axes.set_yticklabels([str(r * columns + first) for r in axes.get_yticks()], fontsize=7)
    axes.set_xticks([])
    if len(values) <= 256:
        for index, value in enumerate(values):
            at = (index % columns, index // columns)
            ink = ink_on(_shade(looks[value]))
            axes.text(*at, looks[value].letter, ha="center", va="center", fontsize=8, color=ink)
    shown = lit - first
    for index in shown[(shown >= 0) & (shown < len(values))][:1024]:
        corner = (index % columns - 0.5, index // columns - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=BLACK, linewidth=1))
    names = [Patch(facecolor=_shade(look), hatch=look.hatch, label=look.label) for look in looks]
    axes.legend(handles=names, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=8)
