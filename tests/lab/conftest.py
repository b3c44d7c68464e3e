"""How tests read what a view shows."""

from xml.etree import ElementTree

import pytest


@pytest.fixture
def rows():
    """Return a function: the rows of a view's table, each a list of text."""

    def read(view):
        table = ElementTree.fromstring(view.table)
        return [["".join(cell.itertext()) for cell in row] for row in table.iterfind("tbody/tr")]

    return read


@pytest.fixture
def cells(rows):
    """Return a function: a view's table as {first cell of a row: the other cells}."""
    return lambda view: {row[0]: row[1:] for row in rows(view)}
