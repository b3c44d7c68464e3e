"""One kind of memory asked back twice: by the call that does not free it, and the one that does."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from balloonkit.backings.kinds import BACKINGS, Backing, Call
from balloonkit.backings.memory import BackingMemory
from balloonkit.host.meters import free_bytes
from balloonkit.limits import check_memory

__all__ = ["Attempt", "BackingTrial", "try_backing"]


class Attempt(NamedTuple):
    """What one call left behind.

    Attributes
    ----------
    call : Call or None
        None of the first: the memory as it was written.
    answer : str
        "0", or the error.
    resident_bytes, huge_bytes : int
        The mapping's Rss, and what of it lies in transparent huge pages.
    block_bytes : int or None
        Of the file; None where there is none.
    freed_bytes : int
        By how much MemFree of the whole machine rose since the memory was written: everyone on it
        moves that.
    old_pages : int
        4 KiB pages whose old content reads back.
    """

    call: Call | None
    answer: str
    resident_bytes: int
    huge_bytes: int
    block_bytes: int | None
    freed_bytes: int
    old_pages: int


@dataclass(frozen=True)
class BackingTrial:
    """What became of one kind of memory.

    Attributes
    ----------
    name : str
    size_bytes : int
    attempts : tuple of Attempt
        As written, after the call that keeps it, after the one that frees it; none if refused.
    refused : str
        Why this machine gives no such memory; empty if it does.
    """

    name: str
    size_bytes: int
    attempts: tuple[Attempt, ...]
    refused: str = ""

    @property
    def backing(self) -> Backing:
        """The kind."""
        return BACKINGS[self.name]

    @property
    def remark(self) -> str:
        """What a reader must know of this trial; empty if all was as the title says."""
        if self.refused:
            return self.refused
        if self.backing.huge and not self.attempts[0].huge_bytes:
            setting = "shmem_enabled" if self.backing.shared else "enabled"
            return (
                "this machine gave small pages; see /sys/kernel/mm/transparent_hugepage/" + setting
            )
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Return the trial as plain data, ready for JSON."""
        return {
            "name": self.name,
            "title": self.backing.title,
            "size_bytes": self.size_bytes,
            "remark": self.remark or None,
            "attempts": [
                a._asdict()
                | {"call": a.call.name if a.call else None, "part": a.call and a.call.part}
                for a in self.attempts
            ],
        }


def try_backing(name: str, size_bytes: int) -> BackingTrial:
    """Take memory of a kind and ask it back twice.

    Parameters
    ----------
    name : str
        A name of `BACKINGS`.
    size_bytes : int
        A multiple of 2 MiB.

    Raises
    ------
    ValueError
        If there is no such kind, or the size is no multiple of 2 MiB.
    MemoryLimitError
        If the machine cannot give that much.

    Examples
    --------
    >>> trial = try_backing("memfd", 4 << 20)
    >>> [(a.answer, a.resident_bytes >> 20, a.block_bytes >> 20) for a in trial.attempts]
    [('', 4, 4), ('0', 0, 4), ('0', 0, 0)]
    """
    if name not in BACKINGS:
        raise ValueError(f"backing {name!r}: choose from {', '.join(BACKINGS)}")
    backing = BACKINGS[name]
    check_memory(size_bytes)
    try:
        memory = BackingMemory(backing, size_bytes)
    except OSError as error:
        advice = "; set pages aside in /proc/sys/vm/nr_hugepages" if backing.pool else ""
        why = f"not to be had here: {error.strerror or error}{advice}"
        return BackingTrial(name, size_bytes, (), why)
    with memory:
        start_bytes = free_bytes()

        def look(call: Call | None, answer: str) -> Attempt:
            freed_bytes = free_bytes() - start_bytes
            meters = memory.meters()
            blocks = memory.block_bytes()
            # The meters first: reading content back may map what they count.
            old = memory.old_pages()
            return Attempt(call, answer, *meters, blocks, freed_bytes, old)

        attempts = [look(None, "")]
        for call in (backing.keeps, backing.frees):
            attempts.append(look(call, memory.ask_back(call)))
    return BackingTrial(name, size_bytes, tuple(attempts))
