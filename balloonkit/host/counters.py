"""What the device counts, and how it reports what it refused."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

__all__ = ["DeviceCounters", "Handled", "Reason", "Rejection"]


class Reason(Enum):
    """Why a message or one of its entries was not done as asked; `host.device` states outcomes."""

    BAD_CHAIN = "descriptor chain malformed"
    DEVICE_WRITABLE = "device-writable buffer"
    TRUNCATED = "length does not fit the entries"
    TOO_MANY_ENTRIES = "more entries than a message takes"
    UNKNOWN_QUEUE = "no such queue"
    OUTSIDE_RAM = "outside registered RAM"
    ZERO_SIZE = "no pages"
    MISALIGNED = "reserved low bits set"
    OVERLAP = "repeats pages of the same message"
    RELEASE_FAILED = "the kernel refused the release"


class Rejection(NamedTuple):
    """One refusal: reason, the entry's place in its message if it is about one, the value."""

    reason: Reason
    entry: int | None
    detail: str


class Handled(NamedTuple):
    """What became of one message; pages and entries are those that were done."""

    entries: int = 0
    pages: int = 0
    translations: int = 0
    releases: int = 0
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True)
class DeviceCounters:
    """Everything a device counted since it was made; subtract two to get what lies between.

    Attributes
    ----------
    messages, bytes : int
        Messages taken off a queue and their length, refused ones included.
    entries, pages : int
        PFNs or chunks done, and the 4 KiB pages they name.
    unchanged_pages : int
        Of those, pages that were so already: inflated twice, or given back but never ballooned.
    translations, releases : int
        Guest to host address translations, and ranges handed to the release backend.
    released_pages : int
        4 KiB pages in these ranges, without those the backend failed to release.
    translate_s, release_s : float
        Seconds spent validating and translating, and inside the backend.
    ballooned_pages : int
        4 KiB pages in the balloon now.
    rejected : dict of Reason to int
        Refusals by reason; a message refused whole counts once.
    last_rejections : tuple of Rejection
        The latest of them, newest last.
    """

    messages: int
    bytes: int
    entries: int
    pages: int
    unchanged_pages: int
    translations: int
    releases: int
    released_pages: int
    translate_s: float
    release_s: float
    ballooned_pages: int
    rejected: dict[Reason, int]
    last_rejections: tuple[Rejection, ...]
