"""A message's entries, validated against RAM before any memory is touched.

Stricter and more forgiving than the wire's decoders: a malformed frame refuses the message, but
a bad entry costs that entry alone. `balloonkit.host.device` states every outcome.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.counters import Reason, Rejection
from balloonkit.host.ram import GuestRam
from balloonkit.wire.errors import TooManyEntriesError
from balloonkit.wire.format import Format, RawEntries

__all__ = ["Entries", "read_message"]


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


def read_message(message: bytes, wire_format: Format, ram: GuestRam) -> Entries | Rejection:
    """Read a message in a format; a `Rejection` refuses all of it.

    Parameters
    ----------
    message : bytes
    ram : GuestRam
    max_pfns : int, optional
        Refuse longer messages; by default none is too long.

    Examples
    --------
    >>> from balloonkit.wire import PAGE_CHUNKS, PFN_ARRAY, encode_chunks
    >>> ram = GuestRam.of_size("1MiB")
    >>> entries = read_message(encode_chunks([(0, 9), (5, 10)]), PAGE_CHUNKS, ram)
    >>> entries.bases, entries.sizes, entries.done
    (array([0, 9]), array([9, 6]), 2)
    >>> read_message(bytes(5), PFN_ARRAY, ram).reason.name
    'TRUNCATED'
    """
    try:
        raw = wire_format.read(message)
    except TooManyEntriesError as error:
        return Rejection(Reason.TOO_MANY_ENTRIES, None, str(error))
    except ValueError as error:
        return Rejection(Reason.TRUNCATED, None, str(error))
    if raw.sizes is None:
        return _single_pages(raw.bases, ram)
    return _ranges(raw, raw.sizes, ram)


def _single_pages(pfns: NDArray[np.int64], ram: GuestRam) -> Entries:
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


def _ranges(raw: RawEntries, sizes: NDArray[np.int64], ram: GuestRam) -> Entries:
    bases = raw.bases
    misaligned = np.zeros(len(bases), bool) if raw.misaligned is None else raw.misaligned
    empty = ~misaligned & (sizes == 0)
    outside = ~misaligned & ~empty & ~ram.contains(bases, sizes)
    good = np.flatnonzero(~(misaligned | empty | outside))
    rejections: tuple[Rejection, ...] = ()
    if len(good) < len(bases):
        pairs = np.stack((bases, sizes), axis=1)
        for reason, bad, said in (
            (Reason.MISALIGNED, misaligned, pairs if raw.words is None else raw.words),
            (Reason.ZERO_SIZE, empty, pairs),
            (Reason.OUTSIDE_RAM, outside, pairs),
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
    bases: NDArray[np.int64] | NDArray[np.uint64],
    sizes: NDArray[np.int64] | NDArray[np.uint64] | None = None,
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
