"""Read a capture from a file nobody vouches for: bounded before it is unpacked, checked after."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.captures.archive import Archive, ArchiveError, Header
from balloonkit.captures.capture import MOMENTS, Capture, CaptureError, Moment
from balloonkit.captures.check import (
    check_lists,
    check_moments,
    check_owners,
    check_pfns,
    check_zones,
)
from balloonkit.captures.iomem import ram_mask, ram_ranges
from balloonkit.limits import check_modelled
from balloonkit.ram_layout import RamRange
from balloonkit.units import BALLOON_PAGE_BYTES

__all__ = ["read_capture"]

#: Kinds of flag words there are at most; a real guest has about 25.
_MAX_VALUES = 1 << 16
#: /proc/kpageflags goes on to the end of the last memory section, 128 MiB on x86-64.
_SECTION_PFNS = 1 << 15
#: Firmware and the kernel's early reservations are no System RAM: 16 MiB and one hundredth.
_NO_RAM_MIB = 16
_MAX_MIB = 1 << 32
#: Bytes a page takes while the parts are compared: masks, and PFNs as 64 bits.
_CHECK_BYTES = 24


def read_capture(path: Path, name: str) -> Capture:
    """Read and check the capture in a file.

    Raises
    ------
    CaptureError
        With the file and the field that is missing, damaged or impossible.
    MemoryError
        If it is whole, but more than this machine has room for.
    """
    try:
        with Archive(path) as archive:
            return _read(archive, name)
    except CaptureError:
        raise
    except KeyError as error:
        raise CaptureError(f"{path}: not a whole capture, {error} is missing") from error
    except (ValueError, OSError) as error:
        raise CaptureError(f"{path}: not a capture: {error}") from error


def _read(archive: Archive, name: str) -> Capture:
    for key in ("meta", "iomem_boot", "zoneinfo_boot", "kpageflags_before_codes"):
        if key not in archive:
            raise KeyError(key)
    meta_text = archive.text("meta")
    meta = _meta(meta_text)
    snapshot = bool(meta.get("snapshot"))
    moments: tuple[Moment, ...] = MOMENTS[:1] if snapshot else MOMENTS
    arrays: dict[str, Any] = {"meta": meta_text}
    arrays |= {key: archive.text(key) for key in ("iomem_boot", "zoneinfo_boot")}
    for moment in moments:
        arrays[f"buddyinfo_{moment}"] = archive.text(_known(archive, f"buddyinfo_{moment}"))
        key = f"pagetypeinfo_{moment}"
        if key in archive:
            arrays[key] = archive.text(key)
    ram = ram_ranges(arrays["iomem_boot"])
    _check_size(meta["guest_mib"], ram)
    headers = _agree(archive, moments, snapshot, _last_pfn(ram), meta["guest_mib"])
    span_pfns = headers["kpageflags_before_codes"].shape[0]
    unpacked_bytes = sum(header.size_bytes for header in headers.values())
    check_modelled(unpacked_bytes + span_pfns * _CHECK_BYTES, f"capture {name}")
    arrays |= {key: archive.array(key, header) for key, header in headers.items()}
    in_ram = ram_mask(ram, span_pfns)
    inflate: Any = None  # of a snapshot: asked for, they say why they are not there
    deflate: Any = None
    if not snapshot:
        keys = ("inflate_pfns", "deflate_pfns")
        inflate, deflate = [
            check_pfns(key, _undo_delta(arrays[f"{key}_delta"]), in_ram) for key in keys
        ]
    capture = Capture(name, meta, meta["guest_mib"] << 20, inflate, deflate, arrays)
    check_zones(capture)
    check_moments(capture, in_ram)
    check_owners(capture)
    check_lists(capture)
    return capture


def _meta(text: str) -> dict[str, Any]:
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"meta: no JSON ({error})") from error
    if not isinstance(meta, dict):
        raise ArchiveError(f"meta: {text[:40]!r} is no JSON object")
    if "guest_mib" not in meta:
        raise KeyError("guest_mib of meta")
    for key in ("guest_mib", "balloon_target_mib"):
        value = meta.get(key)
        if key == "balloon_target_mib" and value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_MIB:
            raise ArchiveError(f"meta: {key} is {str(value)[:40]}, not a number of MiB")
    if meta.get("balloon_target_mib", 0) and meta["balloon_target_mib"] > meta["guest_mib"]:
        raise ArchiveError(
            f"meta: balloon_target_mib {meta['balloon_target_mib']} is more than guest_mib "
            f"{meta['guest_mib']}"
        )
    return meta


def _check_size(guest_mib: int, ram: tuple[RamRange, ...]) -> None:
    ram_mib = sum(size_bytes for _, size_bytes in ram) / (1 << 20)
    if not ram_mib <= guest_mib <= ram_mib * 1.01 + _NO_RAM_MIB:
        raise ArchiveError(f"meta: guest_mib {guest_mib}, but iomem_boot has {ram_mib:.0f} MiB RAM")


def _last_pfn(ram: tuple[RamRange, ...]) -> int:
    return (ram[-1].gpa + ram[-1].size_bytes) // BALLOON_PAGE_BYTES


def _agree(
    archive: Archive, moments: tuple[Moment, ...], snapshot: bool, last_pfn: int, guest_mib: int
) -> dict[str, Header]:
    """Agree to the type and shape of every array, from headers alone."""
    headers: dict[str, Header] = {}

    def expect(key: str, kinds: str, least: int, most: int, columns: tuple[int, ...] = ()) -> None:
        header = archive.header(_known(archive, key))
        shape = header.shape
        if header.dtype.kind not in kinds or len(shape) != 1 + len(columns):
            raise ArchiveError(f"{key}: {header.dtype} of shape {shape} is not what it should be")
        if shape[1:] != columns or not least <= shape[0] <= most:
            bounds = f"{least:,}" if least == most else f"{least:,} to {most:,}"
            raise ArchiveError(f"{key}: shape {shape}, but {bounds} rows are possible here")
        headers[key] = header

    most_pfns = -(-last_pfn // _SECTION_PFNS) * _SECTION_PFNS
    guest_pages = (guest_mib << 20) // BALLOON_PAGE_BYTES
    expect("kpageflags_before_codes", "u", last_pfn, most_pfns)
    span_pfns = headers["kpageflags_before_codes"].shape[0]
    for moment in moments:
        expect(f"kpageflags_{moment}_codes", "u", span_pfns, span_pfns)
        expect(f"kpageflags_{moment}_values", "u", 1, _MAX_VALUES)
    if not snapshot:
        expect("inflate_pfns_delta", "ui", 0, guest_pages)
        expect("deflate_pfns_delta", "ui", 0, guest_pages)
    if "free_blocks_before" in archive:
        expect("free_blocks_before", "u", 0, span_pfns, (2,))
        expect("percpu_pfns_before", "u", 0, span_pfns)
    return headers


def _known(archive: Archive, key: str) -> str:
    if key not in archive:
        raise KeyError(key)
    return key


def _undo_delta(delta: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.cumsum(delta, dtype=np.int64)
