"""The guest kernel: zones, the buddy allocator, page states, and the balloon driver."""

from balloonkit.guest.blocks import Block
from balloonkit.guest.buddy import BuddyAllocator, OutOfPagesError
from balloonkit.guest.driver import BalloonDriver
from balloonkit.guest.guest import Guest, Kernel
from balloonkit.guest.list_order import ListOrder
from balloonkit.guest.one_block import OneBlockAtATime
from balloonkit.guest.zones import Zone, x86_zones

__all__ = [
    "BalloonDriver",
    "Block",
    "BuddyAllocator",
    "Guest",
    "Kernel",
    "ListOrder",
    "OneBlockAtATime",
    "OutOfPagesError",
    "Zone",
    "x86_zones",
]
