"""Page maps: a guest's memory as a grid of cells, from 32 pages to millions.

Each cell stands for the same number of pages and is coloured by the mix of their states. The view
draws it on a canvas, where a cell under the pointer tells its address; without a kernel it is a
matplotlib figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from balloonkit.guest.zones import Zone
from balloonkit.lab.view.palette import PAGE_LOOKS, Look, rgb
from balloonkit.units import BALLOON_PAGE_BYTES, format_size

__all__ = ["CLOSE_UP_COLUMNS", "PageMap"]

#: A map has at most about this many cells: as many as a small picture can show.
_CELLS = 20_480
_COLUMNS = 256
#: A map with no more columns is a close-up: square cells, PFNs at its rows.
CLOSE_UP_COLUMNS = 32
#: The address scale has at most this many marks.
_TICKS = 6
#: A state that is lit outweighs the rest of its cell by this much, however few pages have it.
_LIT_WEIGHT = 8
_NO_RAM_HATCH = "xxx"
#: The signs of `Look.mark`, as matplotlib knows them.
_MARKERS: dict[str, Any] = {"•": ".", "/": (2, 2, -45), "+": "+", "x": "x"}


@dataclass(frozen=True)
class PageMap:
    """A grid of cells over a range of pages.

    Attributes
    ----------
    title : str
    looks : tuple of Look
        How each state is drawn; number 0 is no RAM and left empty.
    shares : uint8, shape (states, rows, columns)
        How much of each cell is in which state: 255 is all of it.
    totals : tuple of int
        Pages in each state.
    first_pfn, pages_per_cell : int
    zones : tuple of Zone
        Named at the map's right edge.
    frames : tuple of (first PFN, pages)
        Runs of pages to put a frame around, aligned as buddy blocks are.
    letters : bool
        Write each cell's letter into it: for maps of single pages.
    picks : str
        The control that a click on the map moves, from 0 at its first page to 100 at its end.
    lit : tuple of int
        States that show even where a single page of a cell has them.

    Examples
    --------
    >>> page_map = PageMap.of("all free", np.full(64, 2, np.uint8), columns=32)
    >>> page_map.shares.shape, page_map.pages_per_cell, page_map.totals
    ((4, 2, 32), 1, (0, 0, 64, 0))
    """

    title: str
    looks: tuple[Look, ...]
    shares: NDArray[np.uint8]
    totals: tuple[int, ...]
    first_pfn: int
    pages_per_cell: int
    zones: tuple[Zone, ...] = ()
    frames: tuple[tuple[int, int], ...] = ()
    letters: bool = False
    picks: str = ""
    lit: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        title: str,
        states: NDArray[np.uint8],
        looks: Sequence[Look] = PAGE_LOOKS,
        first_pfn: int = 0,
        columns: int = _COLUMNS,
        **more: Any,
    ) -> Self:
        """Make the map of pages in `states`, shape (pages,): numbers of `looks`, 0 for no RAM."""
        pages_per_cell = 1
        while len(states) > pages_per_cell * _CELLS:
            pages_per_cell *= 2
        row_pages = columns * pages_per_cell
        rows = -(-len(states) // row_pages)
        padded = np.zeros(rows * row_pages, np.uint8)
        padded[: len(states)] = states
        cells = padded.reshape(rows, columns, pages_per_cell)
        counts = np.stack([(cells == n).sum(axis=2, dtype=np.uint32) for n in range(len(looks))])
        totals = counts.sum(axis=(1, 2)).tolist()
        totals[0] -= rows * row_pages - len(states)
        shares = -(counts.astype(np.int64) * -255 // pages_per_cell)  # rounded up: one page shows
        return cls(
            title,
            tuple(looks),
            shares.astype(np.uint8),
            tuple(totals),
            first_pfn,
            pages_per_cell,
            **more,
        )

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs; the shares as raw bytes."""
        _, rows, columns = self.shares.shape
        return {
            "kind": "map",
            "title": self.title,
            "scale": self.scale,
            "shape": self.shape,
            "looks": [look.spec() for look in self.looks],
            "lit": list(self.lit),
            "lit_weight": _LIT_WEIGHT,
            "shares": self.shares.tobytes(),
            "totals": list(self.totals),
            "rows": rows,
            "columns": columns,
            "first_pfn": self.first_pfn,
            "pages_per_cell": self.pages_per_cell,
            "page_bytes": BALLOON_PAGE_BYTES,
            "ticks": [list(tick) for tick in self._ticks()],
            "bands": [list(band) for band in self._bands()],
            "frames": [list(frame) for frame in self._cell_frames()],
            "letters": self.letters,
            "marked": self.marked,
            "picks": self.picks,
        }

    @property
    def marked(self) -> bool:
        """Whether each cell carries its state's mark: a single page, too small for a letter."""
        few = self.shares.shape[2] <= CLOSE_UP_COLUMNS
        return self.pages_per_cell == 1 and few and not self.letters

    @property
    def shape(self) -> str:
        """How a view makes room for it: ``wide``, ``zoom`` (a close-up) or lettered ``cells``."""
        if self.shares.shape[2] > CLOSE_UP_COLUMNS:
            return "wide"
        return "cells" if self.letters else "zoom"

    @property
    def scale(self) -> str:
        """Say in words what a cell is."""
        size = format_size(self.pages_per_cell * BALLOON_PAGE_BYTES)
        pages = "one page" if self.pages_per_cell == 1 else f"{self.pages_per_cell} pages"
        return f"One cell is {pages} ({size}); addresses run along the rows."

    def figure(self) -> Figure:
        """Draw the same picture for where no kernel and no script runs."""
        _, rows, columns = self.shares.shape
        figure = Figure(figsize=(7, 4 if columns > CLOSE_UP_COLUMNS or self.letters else 6), dpi=90)
        axes = figure.subplots()
        names = [
            Patch(
                facecolor=look.colour,
                edgecolor="black",
                hatch=(look.hatch if self.marked else "") if state else _NO_RAM_HATCH,
                label=f"{look.letter} {look.label}",
            )
            for state, (look, pages) in enumerate(zip(self.looks, self.totals, strict=True))
            if pages
        ]
        names_a_row = 4 if len(names) <= 4 else 3
        name_rows = -(-len(names) // names_a_row)
        figure.subplots_adjust(left=0.13, right=0.87, bottom=0.1, top=0.88 - 0.06 * name_rows)
        weights = self.shares / 255
        for state in self.lit:
            weights[state] = np.where(weights[state] > 0, _LIT_WEIGHT, 0)
        colours = np.array([rgb(look.colour) for look in self.looks], float)
        mix = np.einsum("src,sk->rck", weights / weights.sum(axis=0).clip(1), colours)
        # Where there is no RAM the hatched paper shows through.
        image = np.dstack([mix, 255 - self.shares[0]]).clip(0, 255).astype(np.uint8)
        axes.patch.set(hatch=_NO_RAM_HATCH, edgecolor="#999999", linewidth=0)
        axes.imshow(image, extent=(0, columns, rows, 0), aspect="auto")
        axes.set_title(self.title, fontsize=11, pad=8 + 16 * name_rows, loc="left")
        axes.set_xticks([])
        axes.set_xlabel(self.scale, fontsize=9)
        ticks = self._ticks()
        axes.set_yticks([row for row, _ in ticks], [text for _, text in ticks], fontsize=9)
        for top, bottom, name in self._bands():
            axes.text(columns * 1.01, (top + bottom) / 2, name, va="center", fontsize=9)
            axes.axhline(top, color="black", linewidth=0.5)
        for column, row, width, height in self._cell_frames():
            box = Rectangle((column, row), width, height, fill=False, linewidth=1.2)
            axes.add_patch(box)
        if self.letters:
            self._write_letters(axes)
        if self.marked:
            self._put_marks(axes)
        axes.legend(handles=names, loc="lower left", bbox_to_anchor=(-0.02, 0.99),
                    ncols=names_a_row, fontsize=9, frameon=False)  # fmt: skip
        return figure

    def _write_letters(self, axes: Axes) -> None:
        for (row, column), state in np.ndenumerate(self.shares.argmax(axis=0)):
            axes.text(
                column + 0.5,
                row + 0.5,
                self.looks[state].letter,
                ha="center",
                va="center",
                fontsize=8,
                color=self.looks[state].ink,
            )

    def _put_marks(self, axes: Axes) -> None:
        states = self.shares.argmax(axis=0)
        for state, look in enumerate(self.looks[1:], start=1):
            if look.mark:
                row, column = np.nonzero(states == state)
                axes.plot(column + 0.5, row + 0.5, linestyle="none", marker=_MARKERS[look.mark],
                          markersize=3.5, color=look.ink)  # fmt: skip

    def _ticks(self) -> list[tuple[float, str]]:
        """Return where the scale is marked, in rows, and the text there: PFNs, or sizes."""
        _, rows, columns = self.shares.shape
        if self.pages_per_cell == 1 and columns <= CLOSE_UP_COLUMNS:
            every = -(-rows // 8)
            marked = range(0, rows, every)
            return [(row + 0.5, f"{self.first_pfn + row * columns:,}") for row in marked]
        row_bytes = columns * self.pages_per_cell * BALLOON_PAGE_BYTES
        every = 1
        while rows * row_bytes > every * _TICKS:
            every *= 2
        start = self.first_pfn * BALLOON_PAGE_BYTES
        sizes = range(0, rows * row_bytes, every)
        return [(at / row_bytes, format_size(start + at) if start + at else "0") for at in sizes]

    def _bands(self) -> list[tuple[float, float, str]]:
        """Return top and bottom, in rows, and the name of each zone wide enough to be named."""
        _, rows, columns = self.shares.shape
        row_pages = columns * self.pages_per_cell
        edges = [
            ((z.start_pfn - self.first_pfn) / row_pages, (z.end_pfn - self.first_pfn) / row_pages)
            for z in self.zones
        ]
        return [
            (max(top, 0), min(bottom, rows), zone.label)
            for (top, bottom), zone in zip(edges, self.zones, strict=True)
            if min(bottom, rows) - max(top, 0) > rows / 25
        ]

    def _cell_frames(self) -> list[tuple[int, int, int, int]]:
        """Return column, row, width and height of each frame, in cells."""
        columns = self.shares.shape[2]
        boxes = []
        for first_pfn, pages in self.frames:
            cell = (first_pfn - self.first_pfn) // self.pages_per_cell
            cells = max(pages // self.pages_per_cell, 1)
            boxes.append(
                (cell % columns, cell // columns, min(cells, columns), -(-cells // columns))
            )
        return boxes
