"""The trace people ask for first: one inflate of one guest."""

from balloonkit.guest import Guest
from balloonkit.host.model import ModelHost
from balloonkit.machine import Machine
from balloonkit.trace.step import Trace
from balloonkit.trace.stepper import Stepper
from balloonkit.units import BALLOON_PAGE_BYTES, size_to_pages
from balloonkit.wire import Format, PageBitmaps, PageChunks

__all__ = ["trace_inflate"]

_WATCHED_PAGES = 1 << 14  # a guest up to this size is shown with bitmaps small enough to watch


def trace_inflate(
    guest: Guest,
    size: str | int,
    format: Format | None = None,
    *,
    block_alloc: bool = False,
    deflate: bool = False,
    host_page_bytes: int = BALLOON_PAGE_BYTES,
    steps_per_stage: int = 64,
    messages: range = range(0),
) -> Trace:
    """Inflate `guest` and note every step.

    Parameters
    ----------
    guest : Guest
        It is changed; give a copy to keep it.
    size : str or int
        What to take: text such as ``"512MiB"``, or a number of the guest's own pages. The trace
        ends early, and says so, when the guest has no more.
    format : Format, optional
        By default the proposal's, with bitmaps of 64 bits for a small guest, so that it shows
        their edges, and of the real size for a large one.
    block_alloc : bool
        Allocate a block at a time.
    deflate : bool
        Give everything back afterwards, and let the guest touch it.
    host_page_bytes : int
        The host's page; memory goes back in no smaller piece.
    steps_per_stage : int
        About how many steps one stage may take.
    messages : range
        Messages, counted from 0, that get their steps however large the guest is.

    Examples
    --------
    >>> trace = trace_inflate(Guest.idle("256KiB"), 4)
    >>> [step.kind for step in trace.steps][-3:]
    ['release', 'release', 'ack']
    """
    pages = size if isinstance(size, int) else size_to_pages(size, guest.page_bytes)
    if format is None:
        small = len(guest.buddy.free_mask) <= _WATCHED_PAGES
        format = PageChunks(bitmaps=PageBitmaps(bits=64) if small else None)
    host = ModelHost(guest.size_bytes, host_page_bytes=host_page_bytes, regions=guest.ram)
    with Machine(guest, host=host, format=format, block_alloc=block_alloc) as machine:
        stepper = Stepper(machine, steps_per_stage, messages)
        machine.inflate(pages * guest.page_bytes)
        if deflate:
            held = machine.driver.held
            machine.deflate(pages * guest.page_bytes)
            machine.touch(held)
        return stepper.trace()
