"""Exercise 6, a better message: checked for loss, then raced against the formats of the lineage."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures import SHIPPED, load_capture
from balloonkit.checks.attempt import attempt
from balloonkit.costs import COSTS_2017
from balloonkit.history import FORMATS, compare_formats
from balloonkit.questions import Advice
from balloonkit.wire import Format, pack_chunks
from balloonkit.wire.channel import MESSAGE_BYTES
from balloonkit.wire.format import Message

__all__ = ["check_format", "race"]

Chunks = NDArray[np.uint64]
Pages = NDArray[np.uint64]

_CASES: tuple[tuple[str, list[list[int]]], ...] = (
    ("one page", [[7, 1]]),
    ("no page at all", []),
    ("two runs", [[100, 4], [200, 1]]),
    ("a run of 5 GiB", [[0x100000, 1_310_720]]),
    ("a page at 16 TiB", [[1 << 32, 3]]),
    ("3000 single pages", [[2 * n, 1] for n in range(3000)]),
)
_WHY = {
    "no-format": "Make an object of your class: check_format(Mine()).",
    "message-too-long": f"A message ends at {MESSAGE_BYTES:,} bytes: put less into it.",
    "no-bytes": "encode returns one message, of type bytes.",
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


def check_format(own: Format) -> Advice | None:
    """Send pages through a learner's format, and see whether the host learns of the same pages.

    Examples
    --------
    >>> from balloonkit.wire import PAGE_CHUNKS
    >>> check_format(PAGE_CHUNKS)
    >>> check_format(Format()).mistake
    'raises'
    """
    if not isinstance(own, Format):
        where = f"check got {own!r:.60}, which is no format."
        return _advice("no-format", where)
    for shown, pairs in _CASES:
        chunks = np.array(pairs, np.uint64).reshape(-1, 2)
        # Newest first, as a driver sends them.
        advice = _try(own, shown, Message(b"", chunks).pfns()[::-1])
        if advice is not None:
            return advice
    for name in SHIPPED:
        advice = _try(own, name, load_capture(name).inflate_pfns.astype(np.uint64))
        if advice is not None:
            return advice
    return None


def race(own: Format) -> str:
    """Return a table: what each format sends for real guests, and yours.

    The time is that of waiting for the host, at 2017's price for a message of any length.
    """
    lines = [f"{'format':28}{'guest':>10}{'messages':>10}{'bytes':>12}{'waiting, ms':>13}"]
    for name in SHIPPED:
        pages = load_capture(name).inflate_pfns
        messages = list(own.messages(pages))
        sent = compare_formats(pages)
        rows = [(f"{f.name} ({f.version})", sent[f.version]) for f in FORMATS[:4]]
        found = [(label, s.messages, s.bytes) for label, s in rows]
        found.append(("yours", len(messages), sum(len(message.data) for message in messages)))
        lines += [
            f"{label:28}{name:>10}{n:>10,}{size:>12,}{n * COSTS_2017.message_s * 1000:>13,.1f}"
            for label, n, size in found
        ]
    return "\n".join(lines)


def _try(own: Format, shown: str, pages: Pages) -> Advice | None:
    chunks = pack_chunks(pages)
    packed = _pack(own, shown, pages, chunks)
    if isinstance(packed, Advice):
        return packed
    told = _told(own, shown, packed)
    if isinstance(told, Advice):
        return told
    if advice := _compare(shown, told, chunks):
        return advice
    # The last message first: a decoder that leans on the one before shows here.
    backwards = _told(own, shown, packed[::-1])
    if isinstance(backwards, Advice) or _compare(shown, backwards, chunks):
        where = f"For {shown}, decoding the messages in another order gives other pages."
        return _advice("needs-the-message-before", where)
    return _cut_short(own, shown, packed)


def _pack(own: Format, shown: str, pages: Pages, chunks: Chunks) -> list[bytes] | Advice:
    """Make the messages; whatever the learner wrote of this is tried by itself first."""
    entries = attempt(lambda: np.asarray(own.entries(pages), np.uint64).reshape(-1, 2), shown)
    if isinstance(entries, Advice):
        return entries
    if advice := _compare(shown, entries[np.lexsort(entries.T[::-1])], chunks):
        return advice
    for first in entries[:1]:
        data = attempt(own.encode, shown, first[None, :])
        if isinstance(data, Advice):
            return data
        if not isinstance(data, bytes | bytearray):
            return _advice(
                "no-bytes", f"For the first entry of {shown}, encode gives {data!r:.40}."
            )
        if len(data) > MESSAGE_BYTES:
            where = f"For {shown}, one entry takes {len(data):,} bytes."
            return _advice("message-too-long", where)
    made = attempt(lambda: list(own.messages(pages)), shown)
    if isinstance(made, Advice):
        return made
    for place, message in enumerate(made, 1):
        if len(message.data) > MESSAGE_BYTES:
            where = f"For {shown}, message {place} has {len(message.data):,} bytes."
            return _advice("message-too-long", where)
    return [message.data for message in made]


def _cut_short(own: Format, shown: str, messages: Sequence[bytes]) -> Advice | None:
    for message in messages[:1]:
        if not message:
            continue
        try:
            own.decode(message[:-1])
        except ValueError:
            continue
        except Exception as error:
            where = f"For {shown} without its last byte, decode raises {type(error).__name__}."
            return _advice("trusts-the-guest", where)
        where = f"For {shown} without its last byte, decode finds nothing wrong."
        return _advice("trusts-the-guest", where)
    return None


def _told(own: Format, shown: str, messages: Sequence[bytes]) -> Chunks | Advice:
    pairs: list[list[int]] = []
    for message in messages:
        result = attempt(own.decode, f"the message for {shown}", message)
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
