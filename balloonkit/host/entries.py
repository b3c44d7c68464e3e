"""A message's entries, validated against RAM before any memory is touched.

Stricter and more forgiving than the wire's decoders: a malformed frame refuses the message, but
a bad entry costs that entry alone. `balloonkit.host.device` states every outcome.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.books import Reason, Rejection
from balloonkit.host.ram import GuestRam
from balloonkit.wire.errors import WireError
from balloonkit.wire.page_chunk import CHUNK_SHIFT, HEADER_BYTES, MAX_CHUNKS, split_words
from balloonkit.wire.pfn_array import PFN_BYTES

__all__ = ["Entries", "read_chunks", "read_pfns"]

_RESERVED = np.uint64((1 << CHUNK_SHIFT) - 1)


class Entries(NamedTuple):
    """Entries that lie in RAM, as disjoint ranges, and what was wrong with the message.

    Attributes
    ----------
    bases, sizes : arrays of int64, shape (n,)
        First PFN and pages of each range; `sizes` is None where every range is one page.
    done : int
        Entries of the message that these ranges stand for.
    rejections : tuple of Rejection
    """

    bases: NDArray[np.int64]
    sizes: NDArray[np.int64] | None
    done: int
    rejections: tuple[Rejection, ...]


def read_pfns(message: bytes, ram: GuestRam, max_pfns: int | None = None) -> Entries | Rejection:
    """Read a classic message; a `Rejection` refuses all of it.

    Parameters
    ----------
    message : bytes
    ram : GuestRam
    max_pfns : int, optional
        Refuse longer messages; by default none is too long.

    Examples
    --------
    >>> read_pfns(bytes(5), GuestRam.of_size("1MiB"))
    Rejection(reason=<Reason.TRUNCATED: 'length does not fit the entries'>, entry=None, detail='5 bytes of PFNs')
    """  # noqa: E501
    if len(message) % PFN_BYTES:
        return Rejection(Reason.TRUNCATED, None, f"{len(message)} bytes of PFNs")
    if max_pfns is not None and len(message) > max_pfns * PFN_BYTES:
        return Rejection(Reason.TOO_MANY_ENTRIES, None, f"{len(message) // PFN_BYTES} PFNs")
    pfns = np.frombuffer(message, "<u4").astype(np.int64)
    place: NDArray[np.intp] | None = None
    rejections: tuple[Rejection, ...] = ()
    inside = ram.contains(pfns, 1)
    if not inside.all():
        outside = np.flatnonzero(~inside)
        rejections = _reject(Reason.OUTSIDE_RAM, outside, pfns[outside])
        place = np.flatnonzero(inside)
        pfns = pfns[place]
    ordered = np.sort(pfns)
    if not (ordered[1:] == ordered[:-1]).any():
        return Entries(pfns, None, len(pfns), rejections)
    unique, first = np.unique(pfns, return_index=True)
    again = np.delete(np.arange(len(pfns)), first)
    rejections += _reject(Reason.OVERLAP, again if place is None else place[again], pfns[again])
    return Entries(unique, None, len(pfns), rejections)


def read_chunks(message: bytes, ram: GuestRam) -> Entries | Rejection:
    """Read a message of chunks; a `Rejection` refuses all of it.

    Examples
    --------
    >>> from balloonkit.wire import encode_chunks
    >>> entries = read_chunks(encode_chunks([(0, 9), (5, 10)]), GuestRam.of_size("1MiB"))
    >>> entries.bases, entries.sizes, entries.done
    (array([0, 9]), array([9, 6]), 2)
    """
    try:
        words = split_words(message)
    except WireError as error:
        too_many = int.from_bytes(message[:HEADER_BYTES], "little") > MAX_CHUNKS
        reason = Reason.TRUNCATED
        if too_many and len(message) >= HEADER_BYTES:
            reason = Reason.TOO_MANY_ENTRIES
        return Rejection(reason, None, str(error))
    # 52-bit values: as int64 neither they nor their sums can wrap.
    chunks = (words >> np.uint64(CHUNK_SHIFT)).astype(np.int64)
    bases, sizes = chunks[:, 0], chunks[:, 1]
    misaligned = ((words & _RESERVED) != 0).any(axis=1)
    empty = ~misaligned & (sizes == 0)
    outside = ~misaligned & ~empty & ~ram.contains(bases, sizes)
    good = np.flatnonzero(~(misaligned | empty | outside))
    rejections: tuple[Rejection, ...] = ()
    if len(good) < len(chunks):
        for reason, bad, said in (
            (Reason.MISALIGNED, misaligned, words),
            (Reason.ZERO_SIZE, empty, chunks),
            (Reason.OUTSIDE_RAM, outside, chunks),
        ):
            place = np.flatnonzero(bad)
            rejections += _reject(reason, place, said[place, 0], said[place, 1])
    return _disjoint(bases[good], sizes[good], good, rejections)


def _disjoint(
    bases: NDArray[np.int64],
    sizes: NDArray[np.int64],
    place: NDArray[np.intp],
    rejections: tuple[Rejection, ...],
) -> Entries:
    """Leave disjoint entries as they came; else sort them and cut repeated pages off."""
    order = np.argsort(bases, kind="stable")
    begin = bases[order]
    end = begin + sizes[order]
    covered = np.maximum.accumulate(end)  # every page below is named already, or never will be
    overlap = np.append(False, begin[1:] < covered[:-1])[: len(begin)]
    if not overlap.any():
        return Entries(bases, sizes, len(bases), rejections)
    which = order[overlap]
    rejections += _reject(Reason.OVERLAP, place[which], bases[which], sizes[which])
    begin[1:] = np.maximum(begin[1:], covered[:-1])
    left = end > begin
    return Entries(begin[left], (end - begin)[left], len(bases), rejections)


def _reject(
    reason: Reason,
    place: NDArray[np.intp],
    bases: NDArray[np.int64],
    sizes: NDArray[np.int64] | None = None,
) -> tuple[Rejection, ...]:
    """Report entries at `place` in the message, with their values."""
    if sizes is None:
        details = [f"PFN {base:#x}" for base in bases.tolist()]
    else:
        pairs = zip(bases.tolist(), sizes.tolist(), strict=True)
        details = [f"({base:#x}, {size:#x})" for base, size in pairs]
    return tuple(
        Rejection(reason, entry, detail)
        for entry, detail in zip(place.tolist(), details, strict=True)
    )
