"""The text twin of a picture: a table that holds numbers, and the one place that writes them.

A whole number is a count and gets its thousands; any other number says by its unit how it is
written. Text, HTML and what a test reads come from the same cells.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from balloonkit.units import format_size

__all__ = [
    "Quantity",
    "Table",
    "TableCell",
    "cell_text",
    "hexadecimal",
    "mib",
    "ms",
    "ratio",
    "seconds",
    "share",
    "size",
]

#: How a number of a unit is written, with so many decimals. Units are not repeated in each cell:
#: the head of the column, or of the row, says them.
_WRITERS: dict[str, Callable[[float, int], str]] = {
    "ms": lambda seconds, decimals: f"{seconds * 1000:,.{decimals}f}",
    "s": lambda seconds, decimals: f"{seconds:,.{decimals}f}",
    "share": lambda part, decimals: f"{part:.{decimals}%}",
    "ratio": lambda ratio, decimals: f"{ratio:,.{decimals}f}",
    "MiB": lambda size_bytes, decimals: f"{size_bytes / (1 << 20):,.{decimals}f}",
    "size": lambda size_bytes, _: format_size(int(size_bytes)),
    "hex": lambda number, _: f"{int(number):#x}",
}


class Quantity(NamedTuple):
    """A number with the unit it is written in.

    Examples
    --------
    >>> str(ms(4.126)), str(share(0.857, 1)), str(size(64 << 20))
    ('4,126', '85.7%', '64 MiB')
    """

    value: float
    unit: str
    decimals: int = 0

    def __str__(self) -> str:
        return _WRITERS[self.unit](self.value, self.decimals)


#: What stands in a table: a count, a quantity, a yes or no, words, or nothing known.
TableCell = int | np.integer | Quantity | bool | str | None


def ms(seconds: float, decimals: int = 0) -> Quantity:
    """Return seconds that a table writes as ms."""
    return Quantity(seconds, "ms", decimals)


def seconds(value_s: float, decimals: int = 2) -> Quantity:
    """Return seconds that a table writes as such."""
    return Quantity(value_s, "s", decimals)


def share(part: float, decimals: int = 0) -> Quantity:
    """Return a part of one that a table writes in per cent."""
    return Quantity(part, "share", decimals)


def ratio(value: float, decimals: int = 2) -> Quantity:
    """Return a number without a unit that is no count."""
    return Quantity(value, "ratio", decimals)


def mib(size_bytes: int, decimals: int = 1) -> Quantity:
    """Return bytes that a table writes in MiB, as its head says."""
    return Quantity(size_bytes, "MiB", decimals)


def size(size_bytes: int) -> Quantity:
    """Return bytes that a table writes with the largest unit that divides them."""
    return Quantity(size_bytes, "size")


def hexadecimal(number: int) -> Quantity:
    """Return an address or a page frame number that a table writes to base 16."""
    return Quantity(number, "hex")


def cell_text(cell: TableCell) -> str:
    """Write one cell.

    Raises
    ------
    TypeError
        For a bare float: nobody knows with how many decimals.

    Examples
    --------
    >>> [cell_text(cell) for cell in (1835008, ratio(0.5), True, None, "classic")]
    ['1,835,008', '0.50', 'yes', '-', 'classic']
    """
    if cell is None:
        return "-"
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, str | Quantity):
        return str(cell)
    if isinstance(cell, int | np.integer):
        return f"{cell:,}"
    raise TypeError(f"{cell!r} in a table: say how it is written, as ratio({cell!r}) does")


@dataclass(frozen=True)
class Table:
    """The text twin of a picture.

    Attributes
    ----------
    caption : str
    head : sequence of str
        Names of the columns.
    rows : sequence of sequence of TableCell
        The first cell of a row names it.

    Examples
    --------
    >>> table = Table("Time", ["path", "pages", "ms"], [["classic", 1835008, ms(4.126)]])
    >>> print(table.as_text())
    Time
    path         pages     ms
    classic  1,835,008  4,126
    >>> table.rows[0][2].value
    4.126
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[TableCell]]

    def texts(self) -> list[list[str]]:
        """Return the rows as they are written."""
        return [[cell_text(cell) for cell in row] for row in self.rows]

    def as_html(self) -> str:
        """Return a table a screen reader can walk."""
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.head)
        body = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in row[1:])
            + "</tr>"
            for row in self.texts()
        )
        return (
            f"<table><caption>{html.escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def as_text(self) -> str:
        """Return the table with aligned columns."""
        lines = [list(self.head), *self.texts()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        text = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *text])
