"""How a device turns the pages of one message into releases: this kit's rule, and the peers'.

Each rule says what is released at once, and what becomes of a host page larger than 4 KiB. The
peers' rules are their public code's, read and not copied; QEMU's is also asked of QEMU itself
(``docs/conformance.md``). No peer reads chunks: under its rule a chunk is taken as its pages, in
ascending order, in one message.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.balloon_map import BalloonMap

__all__ = ["DEVICE_RULES", "JOINED", "KIT", "DeviceRule"]

_Numbers = NDArray[np.int64]
#: First host pages, and pages of each range; None where every range is one page.
Ranges = tuple[_Numbers, _Numbers | None]


class DeviceRule(NamedTuple):
    """One device's way.

    Attributes
    ----------
    title : str
        What tables call it.
    source : str
        Where the rule is to be read, and the version it holds for.
    releases : callable (starts, counts, balloon) -> starts, counts
        Turns a message's host pages, marked already, into what is released, in sequence.
    large_pages : bool
        Whether it knows of host pages over 4 KiB at all.
    """

    title: str
    source: str
    releases: Callable[[_Numbers, _Numbers | None, BalloonMap], Ranges]
    large_pages: bool = True


def _as_told(starts: _Numbers, counts: _Numbers | None, balloon: BalloonMap) -> Ranges:
    """Release what an entry names; a larger host page once all its parts are ballooned."""
    if balloon.host_page_pages == 1:
        return starts, counts
    return balloon.whole_host_pages(starts, np.ones_like(starts) if counts is None else counts)


def _joined(starts: _Numbers, counts: _Numbers | None, balloon: BalloonMap) -> Ranges:
    """Sort the message and join what touches, then as told."""
    sizes = np.ones_like(starts) if counts is None else counts
    order = np.argsort(starts)
    return _as_told(*_touching(starts[order], sizes[order]), balloon)


def _arriving(starts: _Numbers, counts: _Numbers | None, balloon: BalloonMap) -> Ranges:
    """Join each page to the range before it, at either end: messages ascend or descend.

    Only the latest range grows, so a message in any other sequence is released in pieces.
    """
    pages = starts if counts is None else _spelled_out(starts, counts)
    ranges: list[list[int]] = []  # first page, and the one past the last
    for page in pages.tolist():
        if ranges and page == ranges[-1][1]:
            ranges[-1][1] += 1
        elif ranges and page == ranges[-1][0] - 1:
            ranges[-1][0] = page
        else:
            ranges.append([page, page + 1])
    first, end = np.array(ranges, np.int64).reshape(-1, 2).T
    return first, end - first


def _page_by_page(starts: _Numbers, counts: _Numbers | None, balloon: BalloonMap) -> Ranges:
    """Release each page alone; a larger host page only if one message names all its parts in turn.

    QEMU remembers the parts of *one* host page, for *one* message: a part of another one, or the
    message's end, forgets them.
    """
    pages = starts if counts is None else _spelled_out(starts, counts)
    size = balloon.host_page_pages
    if size == 1:
        return pages, None
    # Pages of a message are all different here: as many in a row as a host page has are all of it.
    host_page = pages // size
    first = np.flatnonzero(np.append(True, host_page[1:] != host_page[:-1])[: len(pages)])
    in_a_row = np.diff(np.append(first, len(pages)))
    whole = host_page[first[in_a_row == size]] * size
    return whole, np.full_like(whole, size)


def _touching(starts: _Numbers, counts: _Numbers) -> tuple[_Numbers, _Numbers]:
    ends = starts + counts
    first = np.flatnonzero(np.append(True, starts[1:] != ends[:-1])[: len(starts)])
    last = np.append(first[1:], len(starts))[: len(first)] - 1
    return starts[first], ends[last] - starts[first]


def _spelled_out(starts: _Numbers, counts: _Numbers) -> _Numbers:
    before = np.cumsum(counts) - counts
    firsts: _Numbers = np.repeat(starts - before, counts.astype(np.intp))
    return firsts + np.arange(len(firsts))


#: This kit's: no message loses anything a guest may rightly expect to be released.
KIT = DeviceRule("this kit", "balloonkit.host.device", _as_told)
#: What a host can do for the classic message without a new format.
JOINED = DeviceRule(
    "joined by the host", "balloonkit: sorts a message, joins what touches", _joined
)

#: Every rule, by the name the command has for it.
DEVICE_RULES: dict[str, DeviceRule] = {
    "kit": KIT,
    "qemu": DeviceRule(
        "QEMU",
        "QEMU 7.2, hw/virtio/virtio-balloon.c, balloon_inflate_page: one madvise a 4 KiB page",
        _page_by_page,
    ),
    "firecracker": DeviceRule(
        "Firecracker",
        "Firecracker of commit 074a6530a401, devices/virtio/balloon/util.rs, "
        "compact_page_frame_numbers: sort, drop repeats, join; over all messages that wait, up to "
        "2048 PFNs, and Linux lets one wait",
        _joined,
        large_pages=False,
    ),
    "cloud-hypervisor": DeviceRule(
        "Cloud Hypervisor",
        "Cloud Hypervisor, virtio-devices/src/balloon.rs: one release a PFN (commit 00a8c87b0b06); "
        "its PartiallyBalloonedPage, newer, is QEMU's of one host page and one message",
        _page_by_page,
    ),
    "crosvm": DeviceRule(
        "crosvm",
        "crosvm of commit 01247073364c, devices/src/virtio/balloon.rs, handle_address_chain",
        _arriving,
        large_pages=False,
    ),
}
