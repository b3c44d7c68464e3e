"""In what sequence free lists hold their blocks, where nobody recorded it."""

from enum import Enum

from balloonkit.guest.blocks import MAX_ORDER

__all__ = ["ListOrder"]


class ListOrder(Enum):
    """In what sequence the lists hold blocks when the allocator is built from a mask."""

    #: Freshly booted, Linux 5.10 and newer: ranges are freed to the tail, lowest leaves first.
    BOOT = "boot"
    #: Freshly booted, the kernels of 2017: ranges are freed to the head, highest leaves first.
    BOOT_2017 = "boot-2017"
    #: Running: whole top-order blocks still in boot order, smaller ones freed since, highest first.
    RUNNING = "running"

    def highest_first(self, order: int) -> bool:
        """Tell whether the list of this order holds its highest block first.

        Examples
        --------
        >>> ListOrder.RUNNING.highest_first(3), ListOrder.RUNNING.highest_first(10)
        (True, False)
        """
        if self is ListOrder.RUNNING:
            return order < MAX_ORDER
        return self is ListOrder.BOOT_2017
