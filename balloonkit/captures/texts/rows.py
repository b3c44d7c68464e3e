"""Rows that begin with "Node 0, zone Normal": found, and put together again where folded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from balloonkit.captures.texts.found import ZONE, whole
from balloonkit.captures.texts.noise import CleanText

__all__ = ["TextRow", "common_width", "find_rows"]

_LABEL = re.compile(
    rf"(?:Node\s+(\d+)\s*,\s*zone\s+([A-Za-z]\w*)|zone\s+({ZONE})\b)(?:\s*,\s*type\s+(\w+))?"
)
_HALF_LABEL = re.compile(r"\bNode$|Node\s+\d+\s*,?$|\bzone$|\bzone\s+\w+\s*,(?:\s*type)?$")
_FIGURES = re.compile(r"(?:>?\d+(?=\s|$)\s*)+")
_INDICES = re.compile(r"(?:-?\d\.\d{3}(?=\s|$)\s*)+")
_ONLY_FIGURES = re.compile(r"\s*(?:>?\d+\s+)*>?\d+\s*")
_ONLY_INDICES = re.compile(r"\s*(?:-?\d\.\d{3}\s+)*-?\d\.\d{3}\s*")


@dataclass(frozen=True)
class TextRow:
    """One labelled row.

    Attributes
    ----------
    line : int
        Where it begins, counted from 0.
    end_line : int
        The line after its last.
    node : int
    zone : str
    migrate_type : str
        Empty where the row names none.
    parts : tuple of tuple of str
        Its words: those of the first line, then of each line that may continue it.
    is_index : bool
        Whether the words are indices such as "0.973".
    """

    line: int
    end_line: int
    node: int
    zone: str
    migrate_type: str
    parts: tuple[tuple[str, ...], ...]
    is_index: bool

    @property
    def label(self) -> str:
        """Return how the kernel names the row's zone."""
        return f"Node {self.node}, zone {self.zone}"

    @property
    def widths(self) -> list[int]:
        """Return how many words the row has with 0, 1, ... of its continuations."""
        sums, total = [], 0
        for part in self.parts:
            total += len(part)
            sums.append(total)
        return sums

    def words(self, width: int) -> list[str]:
        """Return the first words."""
        return [word for part in self.parts for word in part][:width]


def find_rows(clean: CleanText) -> Iterator[TextRow]:
    """Yield every labelled row, in sequence; a row of zoneinfo has no words at all."""
    lines, number = clean.lines, 0
    while number < len(lines):
        start, line = number, lines[number]
        number += 1
        if "ode" not in line and "zone" not in line:
            continue
        # A label folded in the middle is whole again with the next line.
        while number < len(lines) and number - start < 3 and _HALF_LABEL.search(line.rstrip()):
            line = f"{line} {lines[number].strip()}"
            number += 1
        label = _LABEL.search(line)
        if label is None:
            number = start + 1
            continue
        tail = line[label.end() :].strip()
        found = _INDICES.match(tail) or _FIGURES.match(tail)
        words = tuple(found[0].split()) if found else ()
        if tail and not words:
            number = start + 1
            continue
        only = _ONLY_INDICES if words and "." in words[0] else _ONLY_FIGURES
        parts = [words]
        ends_in_words = found is None or found.end() == len(tail)
        while ends_in_words and number < len(lines) and only.fullmatch(lines[number]):
            parts.append(tuple(lines[number].split()))
            number += 1
        if not words and len(parts) > 1:
            parts = parts[1:]
        yield TextRow(
            start,
            number,
            whole(label[1] or "0"),
            label[2] or label[3],
            label[4] or "",
            tuple(parts),
            bool(parts[0]) and "." in parts[0][0],
        )


def common_width(rows: list[TextRow], least: int) -> int | None:
    """Return the number of columns of rows that belong together, or None if they have none.

    A folded row has its words on several lines, and a stray number may stand under a whole one, so
    each row offers a few widths; the one most rows share is taken, the largest of equals.
    """
    votes: dict[int, int] = {}
    for row in rows:
        for width in row.widths:
            if width >= least:
                votes[width] = votes.get(width, 0) + 1
    return max(votes, key=lambda width: (votes[width], width)) if votes else None
