"""Paper: an A4 page filled from the top with text, tables and page maps, drawn by matplotlib."""

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from balloonkit.lab.view.palette import PAGE_LOOKS
from balloonkit.questions import Grid

__all__ = ["Paper"]

_WIDTH_INCHES, _HEIGHT_INCHES = 8.27, 11.69
_LEFT, _TOP = 0.08, 0.95
_LINE = 1.32 / 72 / _HEIGHT_INCHES  # of the page's height, for one point of type
_LETTER = 0.52 / 72 / _WIDTH_INCHES  # of its width, an average letter of one point
_ROW = 0.021  # of its height, a row of boxes
_BUSY = "#BBBBBB"  # pages in use: dark boxes cost ink


class Paper:
    """One page.

    Attributes
    ----------
    figure : Figure
    left_over : float
        Share of the page's height still empty; negative when it is overfull.

    Examples
    --------
    >>> page = Paper("A title")
    >>> page.text("One paragraph.")
    >>> page.left_over > 0.8
    True
    """

    def __init__(self, title: str) -> None:
        self.figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES))
        self._y = _TOP
        self.text(title, size=16, weight="bold", gap=0.6)

    @property
    def left_over(self) -> float:
        return self._y - (1 - _TOP) / 2

    def text(
        self,
        text: str,
        size: float = 11,
        weight: str = "normal",
        gap: float = 0.4,
        indent: float = 0,
    ) -> None:
        """Write a paragraph, wrapped, and leave `gap` lines below it."""
        characters = int((1 - 2 * _LEFT - indent) / (size * _LETTER))
        for line in wrap(text, characters):
            self.row([(indent, line)], size, weight)
        self._y -= gap * size * _LINE

    def row(
        self, cells: Sequence[tuple[float, str]], size: float = 11, weight: str = "normal"
    ) -> None:
        """Write one line of a table: (place from the left, text) each."""
        self._y -= size * _LINE
        for place, text in cells:
            self.figure.text(_LEFT + place, self._y, text, size=size, weight=weight)

    def gap(self, lines: float) -> None:
        """Leave room."""
        self._y -= lines * 11 * _LINE

    def map(self, grid: Grid) -> None:
        """Draw pages as lettered boxes."""
        rows = -(-len(grid.letters) // grid.columns)
        axes = self.figure.add_axes((_LEFT + 0.05, self._y - rows * _ROW, 0.6, rows * _ROW))
        colours = {look.letter: look.colour for look in PAGE_LOOKS} | {"U": _BUSY}
        for place, letter in enumerate(grid.letters):
            row, column = divmod(place, grid.columns)
            axes.add_patch(Rectangle((column, row), 1, 1, fc=colours[letter], ec="white"))
            axes.text(column + 0.5, row + 0.55, letter, ha="center", va="center", size=9)
        axes.set_xlim(0, grid.columns)
        axes.set_ylim(rows, 0)
        axes.set_xticks([])
        firsts = [f"{grid.first_pfn + row * grid.columns}" for row in range(rows)]
        axes.set_yticks(np.arange(rows) + 0.5, firsts)
        axes.tick_params(length=0)
        self._y -= rows * _ROW + 0.012
