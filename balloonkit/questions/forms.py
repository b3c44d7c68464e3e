"""How answers are written: as text in a field or as plain values, read into one tuple.

Numbers may be decimal or hexadecimal and be parted by blanks, commas or semicolons.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "BITS",
    "CHUNKS",
    "COUNT",
    "PAGES",
    "PAGE_SET",
    "STAGE",
    "TWO_COUNTS",
    "Answer",
    "Form",
    "numbers",
]

#: What a form reads, and a question compares.
Answer = tuple[Any, ...]

_RANGE = re.compile(r"(\w+)(?:\s*(?:-|to|\.\.)\s*(\w+))?")
_MOST_PAGES = 1 << 16  # in one range: a slip of the keyboard must not fill the memory
_STAGES = ("allocate", "send", "translate", "release")


@dataclass(frozen=True)
class Form:
    """One way of writing an answer.

    Attributes
    ----------
    label : str
        What to call the field for it.
    how : str
        How to write it, with an example.
    read : callable
        Makes a tuple of text or plain values; raises ValueError or TypeError if it cannot.
    write : callable
        Makes text that `read` reads back.

    Examples
    --------
    >>> CHUNKS.read("(100, 2) (0x80, 1)")
    ((100, 2), (128, 1))
    >>> PAGE_SET.write((3, 4, 5, 9))
    '3-5, 9'
    """

    label: str
    how: str
    read: Callable[[Any], Answer]
    write: Callable[[Answer], str]


def _whole(values: Any) -> list[int]:
    array = np.ravel(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{values!r}: whole numbers only")
    return [int(value) for value in array]


def _numbers(answer: Any) -> Answer:
    if not isinstance(answer, str):
        return tuple(_whole(answer))
    return tuple(int(word, 0) for word in re.split(r"[\s,;]+", answer.strip()) if word)


def _exactly(count: int) -> Callable[[Any], Answer]:
    def read(answer: Any) -> Answer:
        numbers = _numbers(answer)
        if len(numbers) != count:
            raise ValueError(f"{len(numbers)} numbers where {count} are asked for")
        return numbers

    return read


def _bits(answer: Any) -> Answer:
    bits = re.sub(r"[\s,_]", "", answer) if isinstance(answer, str) else _whole(answer)
    if not bits or any(str(bit) not in "01" for bit in bits):
        raise ValueError(f"{answer!r}: ones and zeros only")
    return tuple(map(int, bits))


def _pairs(answer: Any) -> Answer:
    if isinstance(answer, str):
        answer = re.sub(r"[()\[\]+]", " ", answer)
    numbers = _numbers(answer)
    if len(numbers) % 2:
        raise ValueError(f"{len(numbers)} numbers make no pairs")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _page_set(answer: Any) -> Answer:
    if not isinstance(answer, str):
        return tuple(sorted(set(_whole(answer))))
    pages: set[int] = set()
    for part in re.split(r"[,;]", answer.replace("none", "")):
        if not part.strip():
            continue
        match = _RANGE.fullmatch(part.strip())
        if not match:
            raise ValueError(f"{part!r}: neither a page nor a range")
        first, last = int(match[1], 0), int(match[2] or match[1], 0)
        if last - first > _MOST_PAGES:
            raise ValueError(f"{part!r}: more pages than any problem has")
        pages.update(range(first, last + 1))
    return tuple(sorted(pages))


def _write_page_set(pages: Iterable[int]) -> str:
    ordered = list(pages)
    starts = [p for p in ordered if p - 1 not in set(ordered)]
    ends = [p for p in ordered if p + 1 not in set(ordered)]
    spans = zip(starts, ends, strict=True)
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans) or "none"


def _stage(answer: Any) -> Answer:
    word = str(*answer if isinstance(answer, list | tuple) else (answer,)).strip().lower()
    if word.isdigit() and 1 <= int(word) <= len(_STAGES):
        return (_STAGES[int(word) - 1],)
    if word not in _STAGES:
        raise ValueError(f"{answer!r}: no stage")
    return (word,)


def _write_numbers(numbers: Answer) -> str:
    return ", ".join(map(str, numbers))


#: Pages whose order counts.
PAGES = Form(
    "Your pages, in order", "page numbers in order, like 12, 13, 40", _numbers, _write_numbers
)
#: The first sixteen bits of a bitmap.
BITS = Form(
    "Your 16 bits, first page left",
    "16 ones and zeros, the first page on the left, like 1100 0000 0000 1111",
    _bits,
    lambda bits: " ".join("".join(map(str, bits[i : i + 4])) for i in range(0, len(bits), 4)),
)
#: Pairs of base and size.
CHUNKS = Form(
    "Your chunks, (base, size) each",
    "pairs of first page and number of pages, ascending, like (100, 4) (120, 1)",
    _pairs,
    lambda pairs: " ".join(f"({base}, {size})" for base, size in pairs),
)
#: Pages in any order, ranges too.
PAGE_SET = Form(
    "Pages the host releases",
    "pages and ranges in any order, like 64-67, 80, or none",
    _page_set,
    _write_page_set,
)
#: One of the four stages.
STAGE = Form(
    "The stage that takes longest",
    "allocate, send, translate or release, or its number 1 to 4",
    _stage,
    lambda stage: str(stage[0]),
)


def numbers(label: str, how: str, count: int) -> Form:
    """Make a form for exactly `count` whole numbers.

    Examples
    --------
    >>> numbers("Your page and order", "a page and an order, like 8, 3", 2).read("8, 3")
    (8, 3)
    """
    return Form(label, how, _exactly(count), _write_numbers)


#: One number.
COUNT = numbers("Your number", "one number, like 5", 1)
#: Two numbers, the classic path's first.
TWO_COUNTS = numbers("Messages: classic, chunks", "two numbers, classic first, like 12, 3", 2)
