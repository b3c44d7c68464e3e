"""Cells of equal value in a row as [value, cells]: a guest's pages in a few numbers."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["RunLengths", "read_run_lengths", "run_lengths"]

#: [value, cells] of each run, in sequence.
RunLengths = list[list[int]]


def run_lengths(values: NDArray[np.uint8]) -> RunLengths:
    """Write cells as runs.

    Examples
    --------
    >>> run_lengths(np.array([1, 2, 2, 2], np.uint8))
    [[1, 1], [2, 3]]
    """
    edges = np.flatnonzero(np.diff(values.astype(np.int16), prepend=-1, append=-1))
    runs = np.stack((values[edges[:-1]], np.diff(edges)), axis=1)
    return runs.tolist()  # type: ignore[no-any-return]


def read_run_lengths(runs: RunLengths) -> NDArray[np.uint8]:
    """Spell runs out, cell by cell.

    Examples
    --------
    >>> read_run_lengths([[1, 1], [2, 3]]).tolist()
    [1, 2, 2, 2]
    """
    values, cells = np.array(runs, np.int64).reshape(-1, 2).T
    return np.repeat(values.astype(np.uint8), cells)
