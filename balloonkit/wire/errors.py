"""The one error a malformed message raises, on either side of the wire."""

__all__ = ["WireError"]


class WireError(ValueError):
    """A message, or what should become one, breaks the format; the text shows the value."""
