"""Controls of a view, and the common ones, each once for all lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from balloonkit.find import BINARY_MARK
from balloonkit.units import format_size, parse_size
from balloonkit.wire.page_chunk import CHUNK_BYTES, HEADER_BYTES

__all__ = [
    "BUFFERS",
    "Choice",
    "Control",
    "Paste",
    "Range",
    "Switch",
    "fragmentation",
    "guest_size",
    "inflate",
    "join_at_edges",
    "magnify_at",
    "message_buffer",
    "seed",
    "your_capture",
    "your_machine",
]

#: Chunks that fit into a buffer of so many 4 KiB pages, behind the count.
BUFFERS = {pages: (pages * 4096 - HEADER_BYTES) // CHUNK_BYTES for pages in (1, 2, 4, 8)}


@dataclass(frozen=True, kw_only=True)
class Range:
    """A slider for a number.

    Attributes
    ----------
    name, label : str
        The model's trait, and what to call it.
    low, high, step : float
        The ends are values: a view whose ends move gives them as `LabView`'s `ends`.
    help : str
        One sentence for a newcomer.
    unit : str
    """

    name: str
    label: str
    low: float
    high: float
    step: float = 1
    help: str = ""
    unit: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "range"} | vars(self)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A menu of named values: (text, value) pairs."""

    name: str
    label: str
    options: Sequence[tuple[str, Any]]
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "choice"} | vars(self)

    @classmethod
    def of(cls, *, name: str, label: str, values: Sequence[str], help: str = "") -> "Choice":
        """Return a menu of values that are called what they are."""
        return cls(name=name, label=label, options=[(v, v) for v in values], help=help)


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A check box."""

    name: str
    label: str
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "switch"} | vars(self)


@dataclass(frozen=True, kw_only=True)
class Paste:
    """A box for someone's text or file; it goes to the kernel and nowhere else.

    The model's trait is a text: what was pasted, or of a file that is none the bytes in base64
    behind `BINARY_MARK`; empty when nothing was.
    """

    name: str
    label: str
    help: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "paste", "mark": BINARY_MARK} | vars(self)


#: Any control of a view.
Control = Range | Choice | Switch | Paste


def magnify_at(step: float = 0.02) -> Range:
    """Return the slider that moves the close-up beside a page map (`whole_and_close_up`)."""
    return Range(
        name="look_at",
        label="magnify at",
        low=0,
        high=100,
        step=step,
        help="Share of the addresses to skip. A click on the map moves it too.",
        unit=" %",
    )


def fragmentation(
    step: float = 0.05,
    help: str = "Share of odd pages in use: 0 is freshly booted, 1 a checkerboard.",
) -> Range:
    """Return the slider for a guest's age."""
    label = "fragmentation"
    return Range(name="fragmentation", label=label, low=0, high=1, step=step, help=help)


def seed(
    help: str = "Another seed, another guest of the same age.",
    low: int = 0,
    high: int = 20,
) -> Range:
    """Return the slider for what is drawn by lot."""
    return Range(name="seed", label="seed", low=low, high=high, help=help)


def inflate(name: str, low: int, high: int, unit: str, help: str = "") -> Range:
    """Return the slider for how much of a guest the balloon takes."""
    return Range(name=name, label="inflate", low=low, high=high, unit=unit, help=help)


def guest_size(
    sizes: Sequence[str],
    label: str = "guest RAM",
    help: str = "Real memory; only sizes that fit this machine are listed.",
) -> Choice:
    """Return the menu of a guest's sizes."""
    options = [(format_size(parse_size(size)), size) for size in sizes]
    return Choice(name="size", label=label, options=options, help=help)


def message_buffer() -> Choice:
    """Return the menu of the room for one message (`BUFFERS`)."""
    return Choice(
        name="max_chunks",
        label="message buffer",
        options=[(f"{4 * pages} KiB: {chunks:,}", chunks) for pages, chunks in BUFFERS.items()],
        help="Room for one message, and how many chunks fit. The proposal has 32 KiB.",
    )


def join_at_edges() -> Switch:
    """Return the switch for runs that cross from one bitmap into the next."""
    help_text = "A run that crosses a bitmap's edge stays one chunk."
    return Switch(name="join", label="join at edges", help=help_text)


def your_machine() -> Paste:
    """Return the box for a machine of the learner's own; its model has a text trait `machine`."""
    return Paste(
        name="machine",
        label="your machine",
        help="Paste its buddyinfo, pagetypeinfo, zoneinfo or Mem-Info, or choose a file: such a "
        "text, or a capture (.npz). It goes to this notebook's kernel and nowhere else. Empty: the "
        "guest above.",
    )


def your_capture() -> Paste:
    """Return the same box where a lesson needs pages, and not only counts."""
    return Paste(
        name="machine",
        label="your machine",
        help="Choose a capture (.npz); balloonkit capture here mine.npz makes one of your own "
        "machine. It goes to this notebook's kernel and nowhere else. Empty: the guest above.",
    )
