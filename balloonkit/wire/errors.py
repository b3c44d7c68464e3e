"""What a malformed message raises, on either side of the wire."""

__all__ = ["TooManyEntriesError", "WireError"]


class WireError(ValueError):
    """A message, or what should become one, breaks the format; the text shows the value."""


class TooManyEntriesError(WireError):
    """A message holds more entries than one may."""
