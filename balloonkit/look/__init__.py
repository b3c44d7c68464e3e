"""Look at someone's machine: what its free memory is like, and what a balloon could have of it."""

from balloonkit.look.answer import MachineLook, ZoneLook, look_at

__all__ = ["MachineLook", "ZoneLook", "look_at"]
