"""The limits of `balloonkit.limits`, under the name the host knows them by."""

from balloonkit.limits import (
    HEADROOM_BYTES,
    Limit,
    MemoryLimitError,
    check_memory,
    memory_limit,
)

__all__ = ["HEADROOM_BYTES", "Limit", "MemoryLimitError", "check_memory", "memory_limit"]
