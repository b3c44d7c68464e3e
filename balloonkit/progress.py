"""What long work calls while it goes on."""

from collections.abc import Callable

__all__ = ["Progress"]

#: Called with what is being done, how much is done, and how much there is; a total of 0 means that
#: it cannot be told. What is counted is the work's own: bytes, repeats, lessons.
Progress = Callable[[str, int, int], None]
