"""What the kernel counts behind a piece of memory, and behind everything.

They need not agree: a resident set counts what is *mapped*. Memory of a file stays when its mapping
goes, and so does a huge page of which a part is still mapped.
"""

from pathlib import Path
from typing import NamedTuple

__all__ = ["MappingMeters", "free_bytes", "read_mapping"]


class MappingMeters(NamedTuple):
    """What ``/proc/self/smaps`` says of one mapping.

    Attributes
    ----------
    resident_bytes : int
        Rss.
    huge_bytes : int
        In transparent huge pages: AnonHugePages, or ShmemPmdMapped of a shared mapping.
    """

    resident_bytes: int
    huge_bytes: int


_FIELDS = {"Rss:": "resident", "AnonHugePages:": "huge", "ShmemPmdMapped:": "huge"}


def read_mapping(address: int, size_bytes: int) -> MappingMeters:
    """Read the meters of the mappings that touch an address range of this process.

    Examples
    --------
    >>> import ctypes, mmap
    >>> memory = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    >>> memory[:] = bytes([7]) * (1 << 20)
    >>> address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    >>> read_mapping(address, 1 << 20).resident_bytes >= 1 << 20
    True
    """
    last = address + size_bytes
    found_kib = {"resident": 0, "huge": 0}
    ours = False
    with Path("/proc/self/smaps").open() as smaps:
        for line in smaps:
            name, _, rest = line.partition(" ")
            if not name.endswith(":"):
                start, end = (int(part, 16) for part in name.split("-"))
                ours = start < last and end > address
            elif ours and name in _FIELDS:
                found_kib[_FIELDS[name]] += int(rest.split()[0])
    return MappingMeters(found_kib["resident"] << 10, found_kib["huge"] << 10)


def free_bytes() -> int:
    """Return MemFree of this machine: moved by everyone on it, so good for large amounts alone.

    Examples
    --------
    >>> free_bytes() > 0
    True
    """
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/meminfo: no MemFree; this is not Linux")
