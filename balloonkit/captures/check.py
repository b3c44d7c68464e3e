"""Whether the parts of a capture can be those of one guest; what no real run has is refused."""

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures.archive import ArchiveError
from balloonkit.captures.capture import Capture
from balloonkit.captures.texts import read_texts
from balloonkit.captures.zones import zones_from_zoneinfo
from balloonkit.guest.blocks import MAX_ORDER, TOP_PAGES
from balloonkit.guest.page_states import KPF_BUDDY, KPF_NOPAGE, KPF_OFFLINE
from balloonkit.guest.zones import check_spans

__all__ = ["check_lists", "check_moments", "check_owners", "check_pfns", "check_zones"]


def check_pfns(key: str, pfns: NDArray[np.int64], in_ram: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Return PFNs as they go over the wire, if each is in RAM and none is there twice.

    Examples
    --------
    >>> check_pfns("inflate_pfns", np.array([2, 1]), np.array([False, True, True])).tolist()
    [2, 1]
    """
    if len(pfns):
        outside = (pfns < 0) | (pfns >= len(in_ram))
        if outside.any():
            raise ArchiveError(f"{key}: PFN {pfns[outside.argmax()]} is beyond the guest's memory")
        hole = ~in_ram[pfns]
        if hole.any():
            raise ArchiveError(f"{key}: PFN {pfns[hole.argmax()]} lies in no RAM")
        times = np.zeros(len(in_ram), np.uint8)
        times[pfns] = 1
        if int(times.sum()) != len(pfns):
            ordered = np.sort(pfns)
            twice = ordered[1:][ordered[1:] == ordered[:-1]][0]
            raise ArchiveError(f"{key}: PFN {twice} is there twice")
    return pfns.astype(np.uint32)


def check_zones(capture: Capture) -> None:
    """Refuse zones that no guest of this memory has."""
    span_pfns = len(capture.arrays["kpageflags_before_codes"])
    try:
        zones = zones_from_zoneinfo(capture.text("zoneinfo_boot"), span_pfns)
    except (ValueError, KeyError) as error:
        raise ArchiveError(f"zoneinfo_boot: {error}") from error
    try:
        check_spans(zones, span_pfns)
    except ValueError as error:
        raise ArchiveError(f"zoneinfo_boot: {error}") from error
    for zone in zones:
        if not zone.ranges:
            raise ArchiveError(
                f"zoneinfo_boot: zone {zone.label} from PFN {zone.start_pfn} to {zone.end_pfn}, of "
                f"{span_pfns}, has nothing of its own"
            )
        pages = zone.end_pfn - zone.start_pfn
        if not 0 <= zone.min_pages <= zone.low_pages <= pages or not 1 <= zone.batch <= pages:
            raise ArchiveError(
                f"zoneinfo_boot: zone {zone.label} of {pages} pages with min {zone.min_pages}, low "
                f"{zone.low_pages}, batch {zone.batch}"
            )
    for moment in capture.moments:
        try:
            blocks = capture.buddyinfo(moment)
        except ValueError as error:
            raise ArchiveError(f"buddyinfo_{moment}: {error}") from error
        names = [zone.label for zone in zones]
        if sorted(blocks) != sorted(names) or any(
            len(row) != MAX_ORDER + 1 for row in blocks.values()
        ):
            raise ArchiveError(
                f"buddyinfo_{moment}: zones {', '.join(blocks)} of "
                f"{sorted({len(row) for row in blocks.values()})} orders; zoneinfo_boot names "
                f"{', '.join(names)}, and this kit's kernels have {MAX_ORDER + 1} orders"
            )


def check_owners(capture: Capture) -> None:
    """Refuse free pages in none of the zones."""
    lost = capture.free_mask("before").copy()
    for zone in zones_from_zoneinfo(capture.text("zoneinfo_boot"), len(lost)):
        for start_pfn, end_pfn in zone.ranges:
            lost[start_pfn:end_pfn] = False
    if lost.any():
        raise ArchiveError(f"zoneinfo_boot: PFN {lost.argmax()} is free, and in no zone it names")


def check_moments(capture: Capture, in_ram: NDArray[np.bool_]) -> None:
    """Refuse moments that disagree on where memory is, and a balloon of other pages than were sent.

    Flags and buddyinfo may differ on a machine that went on running, so that is for
    `balloonkit.predict` to say.
    """
    holes = None
    for moment in capture.moments:
        codes = capture.arrays[f"kpageflags_{moment}_codes"]
        values = capture.arrays[f"kpageflags_{moment}_values"]
        if int(codes.max()) >= len(values):
            raise ArchiveError(
                f"kpageflags_{moment}_codes: code {codes.max()}, but there are {len(values)} values"
            )
        mine = capture.flagged(moment, KPF_NOPAGE)
        if holes is not None and (mine != holes).any():
            raise ArchiveError(f"kpageflags_{moment}: memory lies elsewhere than before")
        holes = mine
        if (mine & in_ram).any():
            pfn = (mine & in_ram).argmax()
            raise ArchiveError(f"kpageflags_{moment}: no page at PFN {pfn}, which is System RAM")
        for bit, what in ((KPF_BUDDY, "free"), (KPF_OFFLINE, "offline")):
            stray = capture.flagged(moment, bit) & ~in_ram
            if stray.any():
                raise ArchiveError(
                    f"kpageflags_{moment}: PFN {stray.argmax()} is {what}, and in no RAM"
                )
    if not capture.ballooned:
        return
    sent = np.zeros(len(in_ram), bool)
    sent[capture.inflate_pfns] = True
    offline = capture.flagged("inflated", KPF_OFFLINE)
    if (sent != offline).any():
        raise ArchiveError(
            f"inflate_pfns: {int(sent.sum()):,} pages were sent, kpageflags_inflated has "
            f"{int(offline.sum()):,} in the balloon; PFN {(sent != offline).argmax()} in one only"
        )
    taken_back = np.zeros(len(in_ram), bool)
    taken_back[capture.deflate_pfns] = True
    if (taken_back & ~sent).any():
        raise ArchiveError(
            f"deflate_pfns: PFN {(taken_back & ~sent).argmax()} came back and was never sent"
        )
    left = (sent & ~taken_back) != capture.flagged("deflated", KPF_OFFLINE)
    if left.any():
        raise ArchiveError(
            f"deflate_pfns: PFN {left.argmax()} is in kpageflags_deflated what these do not make it"
        )


def check_lists(capture: Capture) -> None:
    """Refuse free lists with blocks that are not free, not aligned, or there twice."""
    if not capture.lists_recorded:
        return
    blocks = capture.arrays["free_blocks_before"]
    free = capture.free_mask("before")
    top = blocks[:, 1] > MAX_ORDER
    if top.any():
        raise ArchiveError(f"free_blocks_before: order {blocks[top.argmax(), 1]}")
    listed = np.zeros(-(-len(free) // TOP_PAGES) * TOP_PAGES, np.uint8)
    for order in range(MAX_ORDER + 1):
        first = blocks[blocks[:, 1] == order, 0]
        stray = (first % (1 << order) != 0) | (first >= len(free))
        if stray.any():
            raise ArchiveError(
                f"free_blocks_before: no block of order {order} at PFN {first[stray.argmax()]}"
            )
        np.add.at(listed.reshape(-1, 1 << order), first >> np.uint64(order), 1)
    listed = listed[: len(free)]
    if (listed > 1).any():
        raise ArchiveError(f"free_blocks_before: PFN {(listed > 1).argmax()} is in two blocks")
    if (listed.astype(bool) & ~free).any():
        pfn = (listed.astype(bool) & ~free).argmax()
        raise ArchiveError(f"free_blocks_before: PFN {pfn} is not free")
    if "pagetypeinfo_before" in capture.arrays:
        _check_movable(capture, blocks)
    stock = capture.arrays["percpu_pfns_before"]
    check_pfns("percpu_pfns_before", stock.astype(np.int64), ~free)


def _check_movable(capture: Capture, blocks: NDArray[np.uint32]) -> None:
    """The lists are those of movable pages, which pagetypeinfo counts."""
    zones = read_texts(capture.text("pagetypeinfo_before")).zones
    movable = [zone.by_type["Movable"] for zone in zones if "Movable" in zone.by_type]
    if any(zone.at_least for zone in zones):
        return
    for order, told in enumerate(sum(column) for column in zip(*movable, strict=True)):
        listed = int((blocks[:, 1] == order).sum())
        if listed != told:
            raise ArchiveError(
                f"free_blocks_before: {listed} blocks of order {order}, but pagetypeinfo_before "
                f"counts {told} movable ones"
            )
