"""Exercise 2, pack a bitmap by hand: the bits, the chunks, and the bytes of the message."""

from typing import Any

from balloonkit.questions.forms import Answer, Form
from balloonkit.questions.packing import about_bits, about_chunks
from balloonkit.questions.question import Mistake, Question, distinct
from balloonkit.wire import encode_chunks

__all__ = ["BITS", "CHUNKS", "MESSAGE", "PAGES"]

#: A fill as a driver of today sends it: two runs walked down, then a page by itself.
PAGES = (0x125, 0x124, 0x123, 0x12B, 0x12A, 0x120)


def _read_bytes(answer: Any) -> Answer:
    return tuple(bytes.fromhex(answer) if isinstance(answer, str) else bytes(answer))


def _message() -> Question:
    message = encode_chunks([(0x120, 1)])
    solution = tuple(message)
    words = (1, 0x120, 1)

    def written(order: str, *values: int) -> Answer:
        byteorder = "big" if order == "big" else "little"
        return tuple(b"".join(value.to_bytes(8, byteorder) for value in values))  # type: ignore[arg-type]

    shifted = [value << 12 for value in words[1:]]
    mistakes = distinct(
        solution,
        Mistake(
            "not-shifted",
            written("little", *words),
            "Base and size stand 12 bits higher in their words: the low 12 bits are reserved. "
            "So 0x120 becomes 0x120000.",
        ),
        Mistake(
            "count-shifted",
            written("little", 1 << 12, *shifted),
            "The count is a plain number. Only base and size are shifted.",
        ),
        Mistake(
            "big-endian",
            written("big", 1, *shifted),
            "Your words have the highest byte first. On the wire the lowest byte comes first.",
        ),
        Mistake(
            "count-left-out",
            written("little", *shifted),
            "The message begins with the number of chunks, 8 bytes.",
        ),
    )

    def where(given: Answer) -> str:
        for place, value in enumerate(given[: len(solution)]):
            if value != solution[place]:
                return f"Byte {place} is {value:#04x}, and should not be."
        return f"Your message has {len(given)} bytes; a count and one chunk take {len(solution)}."

    return Question(
        kind="message",
        seed=0,
        title="The bytes",
        text="Only the first chunk, page 0x120 alone, goes into a message of its own. Which bytes "
        "does it have? An le64 count, then an le64 each for base << 12 and size << 12.",
        facts=(("chunk", "base 0x120, size 1"),),
        form=Form(
            "The message in hex",
            "24 bytes in hex, beginning like 01 00 00",
            _read_bytes,
            lambda answer: bytes(answer).hex(" "),
        ),
        solution=solution,
        mistakes=mistakes,
        where=where,
        rule="Three words of 8 bytes, each with its lowest byte first.",
        cost="24 bytes for one page, where the classic way takes 4; a chunk of a million pages "
        "takes the same 24.",
        reason="Count 1, then 0x120000, then 0x1000.",
    )


#: The questions, one after the other about the same pages.
BITS, CHUNKS, MESSAGE = about_bits(PAGES), about_chunks(PAGES), _message()
