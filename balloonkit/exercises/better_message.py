"""Exercise 6, a better message: checked for loss, then raced against the formats of the lineage."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import SHIPPED, load_capture
from balloonkit.costs import COSTS_2017
from balloonkit.exercises.attempt import attempt
from balloonkit.history import FORMATS, compare_formats
from balloonkit.questions import Advice
from balloonkit.wire import pack_chunks

__all__ = ["MAX_BYTES", "check", "race"]

#: A message fits the proposal's buffer of 8 pages of 4 KiB.
MAX_BYTES = 8 * 4096

Chunks = NDArray[np.uint64]
Encode = Callable[[Chunks], Sequence[bytes]]
Decode = Callable[[bytes], Any]

_CASES: tuple[tuple[str, list[list[int]]], ...] = (
    ("one page", [[7, 1]]),
    ("no page at all", []),
    ("two runs", [[100, 4], [200, 1]]),
    ("a run of 5 GiB", [[0x100000, 1_310_720]]),
    ("a page at 16 TiB", [[1 << 32, 3]]),
    ("3000 single pages", [[2 * n, 1] for n in range(3000)]),
)
_WHY = {
    "message-too-long": f"A buffer takes {MAX_BYTES:,} bytes: begin a new message in time.",
    "no-bytes": "encode returns a list of messages, each of type bytes.",
    "pages-lost": "The guest cannot use this page, and the host does not know it may take it.",
    "pages-added": "The host throws away memory the guest is using.",
    "size-overflow": "Runs are long in an idle guest: count on up to 2^52 pages, however many "
    "bits your size has.",
    "base-overflow": "Page numbers do not end at 2^32: that is 16 TiB, and guests grow.",
    "needs-the-message-before": "Each message must make sense by itself: the host keeps nothing "
    "from the one before.",
    "trusts-the-guest": "A host cannot trust a guest: a message that ends too early must raise "
    "ValueError.",
}


def check(encode: Encode, decode: Decode) -> Advice | None:
    """Send chunks through a learner's format, and see whether the host learns of the same pages.

    Parameters
    ----------
    encode : callable (chunks, shape (n, 2)) -> list of bytes
        The chunks are ascending and disjoint.
    decode : callable (message) -> (base, size) pairs
        Raises ValueError for a message that is cut short.
    """
    for shown, pairs in _CASES:
        advice = _try(encode, decode, shown, np.array(pairs, np.uint64).reshape(-1, 2))
        if advice is not None:
            return advice
    for name in SHIPPED:
        chunks = pack_chunks(load_capture(name).inflate_pfns)
        advice = _try(encode, decode, name, chunks)
        if advice is not None:
            return advice
    return None


def race(encode: Encode) -> str:
    """Return a table: what each format sends for real guests, and yours.

    The time is that of waiting for the host, at 2017's price for a message of any length.
    """
    lines = [f"{'format':28}{'guest':>10}{'messages':>10}{'bytes':>12}{'waiting, ms':>13}"]
    for name in SHIPPED:
        pages = load_capture(name).inflate_pfns
        messages = list(encode(pack_chunks(pages)))
        sent = compare_formats(pages)
        rows = [(f"{f.name} ({f.version})", sent[f.version]) for f in FORMATS[:4]]
        found = [(label, s.messages, s.bytes) for label, s in rows]
        found.append(("yours", len(messages), sum(map(len, messages))))
        lines += [
            f"{label:28}{name:>10}{n:>10,}{size:>12,}{n * COSTS_2017.message_s * 1000:>13,.1f}"
            for label, n, size in found
        ]
    return "\n".join(lines)


def _try(encode: Encode, decode: Decode, shown: str, chunks: Chunks) -> Advice | None:
    messages = attempt(encode, shown, chunks.copy())
    if isinstance(messages, Advice):
        return messages
    messages = list(messages) if isinstance(messages, list | tuple) else [messages]
    for place, message in enumerate(messages):
        if not isinstance(message, bytes | bytearray):
            return _advice("no-bytes", f"For {shown}, message {place + 1} is {message!r:.40}.")
        if len(message) > MAX_BYTES:
            size = f"{len(message):,} bytes"
            return _advice("message-too-long", f"For {shown}, message {place + 1} has {size}.")
    told = _told(decode, shown, messages)
    if isinstance(told, Advice):
        return told
    if advice := _compare(shown, told, chunks):
        return advice
    # The last message first: a decoder that leans on the one before shows here.
    backwards = _told(decode, shown, messages[::-1])
    if isinstance(backwards, Advice) or _compare(shown, backwards, chunks):
        where = f"For {shown}, decoding the messages in another order gives other pages."
        return _advice("needs-the-message-before", where)
    return _cut_short(decode, shown, messages)


def _cut_short(decode: Decode, shown: str, messages: list[bytes]) -> Advice | None:
    for message in messages[:1]:
        if not message:
            continue
        try:
            decode(bytes(message[:-1]))
        except ValueError:
            continue
        except Exception as error:
            where = f"For {shown} without its last byte, decode raises {type(error).__name__}."
            return _advice("trusts-the-guest", where)
        where = f"For {shown} without its last byte, decode finds nothing wrong."
        return _advice("trusts-the-guest", where)
    return None


def _told(decode: Decode, shown: str, messages: list[bytes]) -> Chunks | Advice:
    pairs: list[list[int]] = []
    for message in messages:
        result = attempt(decode, f"the message for {shown}", bytes(message))
        if isinstance(result, Advice):
            return result
        pairs += np.asarray(result, np.uint64).reshape(-1, 2).tolist()
    return np.array(sorted(pairs), np.uint64).reshape(-1, 2)


def _compare(shown: str, told: Chunks, chunks: Chunks) -> Advice | None:
    """Compare as runs of pages: a format may cut chunks as it likes."""
    mine, right = _edges(told), _edges(chunks)
    if mine == right:
        return None
    wrong = min(set(mine) ^ set(right))
    given_up = bool((np.array(right) <= wrong).sum() % 2)
    said = bool((np.array(mine) <= wrong).sum() % 2)
    if given_up and not said:
        longest = int(chunks[:, 1].max())
        mistake = "pages-lost"
        if longest >= 1 << 16 and int(chunks[:, 0].max()) < 1 << 32:
            mistake = "size-overflow"
        elif int(chunks.max()) >= 1 << 32:
            mistake = "base-overflow"
        return _advice(mistake, f"For {shown}, page {wrong:,} is given up and not told.")
    mistake = "base-overflow" if int(chunks.max()) >= 1 << 32 else "pages-added"
    return _advice(mistake, f"For {shown}, page {wrong:,} is told and was not given up.")


def _edges(chunks: Chunks) -> list[int]:
    """Return where pages begin and end, ascending; what touches has no edge between."""
    edges: list[int] = []
    for base, size in chunks.tolist():
        if edges and edges[-1] == base:
            edges[-1] = base + size
        elif size:
            edges += [base, base + size]
    return edges


def _advice(mistake: str, where: str) -> Advice:
    return Advice(where, _WHY[mistake], mistake)
