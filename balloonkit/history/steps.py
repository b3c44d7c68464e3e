"""The steps an example for the review lesson is made of, as plain data."""

from dataclasses import dataclass

__all__ = ["AddChunks", "FailSends", "FaultStep", "Inflate", "Migrate", "SendToToday"]


@dataclass(frozen=True)
class Inflate:
    """Balloon these guest pages in one fill."""

    pfns: tuple[int, ...]


@dataclass(frozen=True)
class Migrate:
    """Move one balloon page, as memory compaction does."""

    old_pfn: int
    new_pfn: int


@dataclass(frozen=True)
class AddChunks:
    """Let the packing loop find this many single pages, every second one from PFN 0."""

    count: int


@dataclass(frozen=True)
class FailSends:
    """Let the queue refuse the next sends."""

    count: int


@dataclass(frozen=True)
class SendToToday:
    """Send one chunk of (base, size) to a host of today, which offers bit 3 in its own meaning."""

    base_pfn: int
    pages: int


#: What an example may do, one after the other.
FaultStep = Inflate | Migrate | AddChunks | FailSends | SendToToday
