"""What the host releases, told a message it may not trust blindly."""

import numpy as np

from balloonkit.host.device import BalloonDevice
from balloonkit.host.ram import GuestRam
from balloonkit.host.release import ModelRelease
from balloonkit.questions.forms import CHUNKS, PAGE_SET, Answer
from balloonkit.questions.question import Mistake, Question, distinct
from balloonkit.units import BALLOON_PAGE_BYTES, PFN_SHIFT
from balloonkit.wire import PROPOSED, encode_chunks
from balloonkit.wire.queue import Queue

__all__ = ["release"]

_RAM_PAGES = 256
_LARGE_PAGE = 4  # host pages of 16 KiB hold so many pages of 4 KiB


def release(seed: int, rng: np.random.Generator) -> Question:
    """Ask which pages a host releases for a message with an entry that leaves RAM."""
    pages_per_host_page = _LARGE_PAGE if rng.integers(2) else 1
    good = [(start + int(rng.integers(1, 9)), int(rng.integers(5, 14))) for start in (20, 60, 100)]
    outside = (_RAM_PAGES - int(rng.integers(2, 9)), int(rng.integers(10, 20)))
    entries = [good[0], outside, good[1], good[2]]
    ram = GuestRam.of_size(_RAM_PAGES << PFN_SHIFT)
    backend = ModelRelease(ram.pages, pages_per_host_page * BALLOON_PAGE_BYTES)
    device = BalloonDevice(ram, backend)
    device.negotiate(PROPOSED)
    handled = device.handle(Queue.INFLATE, encode_chunks(entries))
    solution = tuple(np.flatnonzero(~backend.resident).tolist())
    named = _pages(good)
    mistakes = distinct(
        solution,
        Mistake(
            "part-pages",
            named,
            "You release parts of a host page. The rest of it still holds the guest's data, so it "
            "stays until all its parts are in the balloon.",
        ),
        Mistake(
            "outside-clipped",
            tuple(sorted({*solution, *_pages([(outside[0], _RAM_PAGES - outside[0])])})),
            "You release the part of the second chunk that is in RAM. A driver that names pages it "
            "cannot own is not to be trusted with the rest of that chunk: it is refused whole.",
        ),
        Mistake(
            "all-refused",
            (),
            "You refuse the whole message for one bad chunk. The others are right, and the guest "
            "has given those pages up: they are released.",
        ),
        Mistake(
            "stop-at-the-bad-one",
            tuple(p for p in solution if p < sum(good[0])),
            "You stop at the bad chunk. Each chunk is judged by itself; those after it are done.",
        ),
        Mistake(
            "one-page-too-many",
            _pages([(base, size + 1) for base, size in good]),
            "You count from base to base + size, both included. That is one page too many, and "
            "the guest may be using it.",
        ),
        Mistake(
            "size-taken-as-end",
            _pages([(base, 1) for base, _ in good]),
            "You release one page for each chunk. The second number says how many there are.",
        ),
    )

    def where(given: Answer) -> str:
        page = min(set(given) ^ set(solution))
        if page in solution:
            return f"Page {page}: it is released, and not in your answer."
        why = "outside RAM" if page >= _RAM_PAGES else "still resident"
        return f"Page {page}: you release it, and it is {why}."

    host_page = f"{pages_per_host_page * BALLOON_PAGE_BYTES >> 10} KiB"
    if pages_per_host_page > 1:
        host_page += f": {pages_per_host_page} pages of the guest, from multiples of 4 on"
    return Question(
        kind="release",
        seed=seed,
        title="What the host releases",
        text="This message arrives. Which of the guest's pages does the host release? It checks "
        "each chunk before it touches any memory.",
        facts=(
            ("chunks, (base, size)", CHUNKS.write(tuple(entries))),
            ("the guest's RAM", f"pages 0 to {_RAM_PAGES - 1}"),
            ("a page of the host", host_page),
        ),
        form=PAGE_SET,
        solution=solution,
        mistakes=mistakes,
        where=where,
        rule="A chunk is base to base + size - 1. Leave out what leaves RAM, and host pages of "
        "which only a part is named.",
        cost=f"{handled.translations} look-ups and {handled.releases} releases for "
        f"{len(solution)} pages; page by page it would be {len(solution)} of each.",
        reason=f"Chunk 2 ends at page {sum(outside) - 1}, outside RAM, and is refused and "
        "reported; the other three are done."
        + (
            " Of a host page that is named in part nothing can be released."
            if pages_per_host_page > 1
            else ""
        ),
    )


def _pages(chunks: list[tuple[int, int]]) -> Answer:
    return tuple(page for base, size in chunks for page in range(base, base + size))
