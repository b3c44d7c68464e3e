"""Captures of real guests: what a Linux kernel's memory was before and after a real balloon.

Three ship with the package, taken from Linux 6.1.192 under QEMU 7.2; `balloonkit.live` makes more.
A capture is one ``.npz`` file:

==========================  ==================================================================
``meta``                    JSON text: kernel, vmm, guest_mib, balloon_target_mib, ...
``kpageflags_MOMENT_...``   ``/proc/kpageflags``: ``_values[_codes]`` is u64 by PFN
``buddyinfo_MOMENT``        text of ``/proc/buddyinfo``; likewise ``pagetypeinfo``
``iomem_boot``              text of ``/proc/iomem``; likewise ``zoneinfo_boot``
``inflate_pfns_delta``      differences of the PFNs in the order the driver sent them
``deflate_pfns_delta``      the same for the deflate queue
``free_blocks_before``      optional: movable free lists, (first PFN, order), head first
``percpu_pfns_before``      optional: movable per-CPU lists, head first
==========================  ==================================================================

MOMENT is ``before``, ``inflated`` or ``deflated``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from balloonkit.guest.page_states import KPF_BUDDY

__all__ = ["SHIPPED", "Capture", "CaptureError", "Moment", "load_capture", "parse_buddyinfo"]

#: Captures that come with the package.
SHIPPED = ("idle-8g", "aged-8g", "aged-1g")

#: Before the balloon, at its largest, and after it was let out again.
Moment = Literal["before", "inflated", "deflated"]


class CaptureError(ValueError):
    """A file is no capture, or lacks a part; the text names the file and the part."""


@dataclass(frozen=True)
class Capture:
    """One run of a real guest; see the module for what it holds.

    Attributes
    ----------
    name : str
        The shipped name, or the file's.
    guest_bytes : int
        RAM of the guest.
    inflate_pfns, deflate_pfns : array of uint32, shape (pages,)
        PFNs in the order the real driver sent them.

    Examples
    --------
    >>> capture = load_capture("aged-1g")
    >>> len(capture.inflate_pfns), capture.buddyinfo("before")["DMA32"][:3]
    (131072, [3310, 3273, 3106])
    """

    name: str
    meta: dict[str, Any]
    guest_bytes: int
    inflate_pfns: NDArray[np.uint32]
    deflate_pfns: NDArray[np.uint32]
    arrays: dict[str, NDArray[Any]]

    @property
    def lists_recorded(self) -> bool:
        """Whether the sequence of the free lists before the balloon is there."""
        return "free_blocks_before" in self.arrays

    def flags(self, moment: Moment) -> NDArray[np.uint64]:
        """Return ``/proc/kpageflags`` at that moment, shape (PFNs,)."""
        values: NDArray[np.uint64] = self.arrays[f"kpageflags_{moment}_values"]
        flags: NDArray[np.uint64] = values[self.arrays[f"kpageflags_{moment}_codes"]]
        return flags

    def flagged(self, moment: Moment, bit: int) -> NDArray[np.bool_]:
        """Tell which pages have one flag set, shape (PFNs,)."""
        has_bit = (self.arrays[f"kpageflags_{moment}_values"] >> np.uint64(bit)) & np.uint64(1)
        mask: NDArray[np.bool_] = has_bit.astype(bool)[self.arrays[f"kpageflags_{moment}_codes"]]
        return mask

    def free_mask(self, moment: Moment) -> NDArray[np.bool_]:
        """Tell which pages are in the free lists, shape (PFNs,)."""
        return self.flagged(moment, KPF_BUDDY)

    def buddyinfo(self, moment: Moment) -> dict[str, list[int]]:
        """Read the guest's own ``/proc/buddyinfo``: free blocks at order 0..10 by zone."""
        return parse_buddyinfo(self.text(f"buddyinfo_{moment}"))

    def text(self, key: str) -> str:
        """Return one of the texts, such as ``"zoneinfo_boot"``."""
        return str(self.arrays[key])


def parse_buddyinfo(text: str) -> dict[str, list[int]]:
    """Read the text of ``/proc/buddyinfo``: free blocks at order 0..10 by zone.

    Examples
    --------
    >>> parse_buddyinfo("Node 0, zone      DMA      1      0      2")
    {'DMA': [1, 0, 2]}
    """
    rows = (line.replace(",", " ").split() for line in text.splitlines())
    return {words[3]: [int(word) for word in words[4:]] for words in rows}


def load_capture(source: str | Path) -> Capture:
    """Load a shipped capture by name, or any other from its ``.npz`` file.

    Raises
    ------
    CaptureError
        If there is no such file, or it is not a whole capture.
    """
    name = str(source)
    if name in SHIPPED:
        return _read(Path(__file__).with_name(f"{name}.npz"), name)
    if not Path(source).is_file():
        raise CaptureError(f"{name}: no such file, and the shipped captures are {_names()}")
    return _read(Path(source), Path(source).stem)


def _read(path: Path, name: str) -> Capture:
    # Imported here, where a capture is read: `import balloonkit` stays quick.
    import json
    from zipfile import BadZipFile, is_zipfile

    try:
        with path.open("rb") as file:
            if not is_zipfile(file):
                raise BadZipFile("it is no .npz archive")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        meta = json.loads(str(arrays["meta"]))
        capture = Capture(
            name=name,
            meta=meta,
            guest_bytes=int(meta["guest_mib"]) << 20,
            inflate_pfns=_undo_delta(arrays["inflate_pfns_delta"]),
            deflate_pfns=_undo_delta(arrays["deflate_pfns_delta"]),
            arrays=arrays,
        )
        for moment in ("before", "inflated", "deflated"):
            capture.flagged(moment, KPF_BUDDY)
            capture.buddyinfo(moment)
        capture.text("zoneinfo_boot")
        if capture.lists_recorded:
            arrays["percpu_pfns_before"]
    except KeyError as error:
        raise CaptureError(f"{path}: not a whole capture, {error} is missing") from error
    except (ValueError, TypeError, IndexError, OSError, EOFError, BadZipFile) as error:
        raise CaptureError(f"{path}: not a capture: {error}") from error
    return capture


def _undo_delta(delta: NDArray[np.integer]) -> NDArray[np.uint32]:
    return np.cumsum(delta, dtype=np.int64).astype(np.uint32)


def _names() -> str:
    return ", ".join(SHIPPED)
