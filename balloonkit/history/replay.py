"""Run a fault's smallest example through the re-enacted driver and say what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from balloonkit.history.chunk_buffer import Chunk
from balloonkit.history.faults import Fault, Story
from balloonkit.history.feature_clash import read_by_todays_host
from balloonkit.history.packing import NullPointerError
from balloonkit.history.steps import AddChunks, FailSends, FaultStep, Inflate, Migrate, SendToToday
from balloonkit.history.v10 import V10Driver, V10Message

__all__ = ["FaultOutcome", "replay"]


@dataclass(frozen=True)
class FaultOutcome:
    """What an example led to.

    Attributes
    ----------
    messages : tuple of V10Message
        What the host was told, in order.
    crash : str
        Why the guest's kernel stopped, or "".
    leaked_bitmaps : int
        Bitmaps whose memory nobody frees.
    overrun : tuple of int
        Chunk entries written past the buffer.
    read_pfns : tuple of int
        Page numbers a host of today read, if the example asks one.
    """

    messages: tuple[V10Message, ...]
    crash: str
    leaked_bitmaps: int
    overrun: tuple[int, ...]
    read_pfns: tuple[int, ...]

    def told(self, queue: str) -> tuple[Chunk, ...]:
        """All chunks one queue carried, in order."""
        return tuple(chunk for m in self.messages if m.queue == queue for chunk in m.chunks)


def replay(story: Story, faults: Iterable[Fault]) -> FaultOutcome:
    """Run `story`'s steps on a driver with exactly these faults.

    Examples
    --------
    >>> from balloonkit.history import B1_REPAIRED
    >>> replay(Fault.B3.story, B1_REPAIRED).told("inflate")
    ((100, 1),)
    >>> replay(Fault.B3.story, ()).told("inflate")
    ((100, 2),)
    """
    driver = V10Driver(faults, page_bytes=story.page_bytes, max_bitmaps=story.max_bitmaps)
    crash = ""
    read_pfns: tuple[int, ...] = ()
    try:
        for step in story.steps:
            read_pfns += _take(driver, step)
    except NullPointerError as error:
        crash = str(error)
    return FaultOutcome(
        tuple(driver.messages), crash, driver.leaked_bitmaps, tuple(driver.overrun), read_pfns
    )


def _take(driver: V10Driver, step: FaultStep) -> tuple[int, ...]:
    match step:
        case Inflate(pfns):
            driver.inflate(pfns)
        case Migrate(old_pfn, new_pfn):
            driver.migrate(old_pfn, new_pfn)
        case AddChunks(count):
            driver.add_chunks((2 * i, 1) for i in range(count))
        case FailSends(count):
            driver.failing_sends = count
        case SendToToday(base_pfn, pages):
            return read_by_todays_host(base_pfn, pages, driver.faults)
    return ()
