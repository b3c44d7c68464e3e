"""One capture in memory: what was read of it, and what follows from that."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures.iomem import host_regions, ram_ranges
from balloonkit.captures.texts import parse_buddyinfo
from balloonkit.guest.page_states import KPF_BUDDY
from balloonkit.ram_layout import RamRange

__all__ = ["MOMENTS", "Capture", "CaptureError", "Moment"]

#: Before the balloon, at its largest, and after it was let out again.
Moment = Literal["before", "inflated", "deflated"]
#: The moments in their order.
MOMENTS: tuple[Moment, ...] = ("before", "inflated", "deflated")


class CaptureError(ValueError):
    """A file is no capture, or lacks a part; the text names the file and the part."""


@dataclass(frozen=True)
class Capture:
    """One run of a real guest; see `balloonkit.captures` for what it holds.

    Attributes
    ----------
    name : str
        The shipped name, or the file's.
    guest_bytes : int
        RAM of the guest.
    inflate_pfns, deflate_pfns : array of uint32, shape (pages,)
        PFNs in the order the real driver sent them; a snapshot has none and says so when asked.
    arrays : dict of str to array or text
        The fields as they are in the file.

    Examples
    --------
    >>> from balloonkit.captures import load_capture
    >>> capture = load_capture("aged-1g")
    >>> len(capture.inflate_pfns), capture.buddyinfo("before")["DMA32"][:3]
    (131072, [3310, 3273, 3106])
    """

    name: str
    meta: dict[str, Any]
    guest_bytes: int
    inflate_pfns: NDArray[np.uint32]
    deflate_pfns: NDArray[np.uint32]
    arrays: dict[str, Any]

    def __getattribute__(self, name: str) -> Any:
        """Refuse the PFNs of a balloon there never was, with the reason."""
        value = object.__getattribute__(self, name)
        if value is None and name in ("inflate_pfns", "deflate_pfns"):
            raise CaptureError(
                f"{self.name}: no {name} in this capture: it is a snapshot, taken without a balloon"
            )
        return value

    @property
    def ballooned(self) -> bool:
        """Whether it saw a balloon; a snapshot of a running machine did not."""
        return self.moments == MOMENTS

    @property
    def lists_recorded(self) -> bool:
        """Whether the sequence of the free lists before the balloon is there."""
        return "free_blocks_before" in self.arrays

    @property
    def ram(self) -> tuple[RamRange, ...]:
        """Where the host backs the guest's RAM, from the guest's own ``/proc/iomem``."""
        return host_regions(ram_ranges(self.text("iomem_boot")))

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments that were captured."""
        return tuple(m for m in MOMENTS if f"kpageflags_{m}_codes" in self.arrays)

    def flags(self, moment: Moment) -> NDArray[np.uint64]:
        """Return ``/proc/kpageflags`` at that moment, shape (PFNs,)."""
        values: NDArray[np.uint64] = self._part(f"kpageflags_{moment}_values")
        flags: NDArray[np.uint64] = values[self._part(f"kpageflags_{moment}_codes")]
        return flags

    def flagged(self, moment: Moment, bit: int) -> NDArray[np.bool_]:
        """Tell which pages have one flag set, shape (PFNs,)."""
        values: NDArray[np.uint64] = self._part(f"kpageflags_{moment}_values")
        has_bit = (values >> np.uint64(bit)) & np.uint64(1)
        mask: NDArray[np.bool_] = has_bit.astype(bool)[self._part(f"kpageflags_{moment}_codes")]
        return mask

    def free_mask(self, moment: Moment) -> NDArray[np.bool_]:
        """Tell which pages are in the free lists, shape (PFNs,)."""
        return self.flagged(moment, KPF_BUDDY)

    def buddyinfo(self, moment: Moment) -> dict[str, list[int]]:
        """Read the guest's own ``/proc/buddyinfo``: free blocks at order 0..10 by zone."""
        return parse_buddyinfo(self.text(f"buddyinfo_{moment}"))

    def text(self, key: str) -> str:
        """Return one of the texts, such as ``"zoneinfo_boot"``."""
        return str(self._part(key))

    def _part(self, key: str) -> Any:
        try:
            return self.arrays[key]
        except KeyError:
            why = "" if self.ballooned else ": it is a snapshot, taken without a balloon"
            raise CaptureError(f"{self.name}: no {key} in this capture{why}") from None
