"""What the driver can be loaded with; a change needs it loaded anew."""

from dataclasses import dataclass

from balloonkit.wire.page_bitmap import BITMAP_BITS, MAX_BITMAPS
from balloonkit.wire.page_chunk import MAX_CHUNKS

__all__ = ["DriverOptions"]


@dataclass(frozen=True)
class DriverOptions:
    """Parameters of the module, checked as the module checks them.

    Attributes
    ----------
    by_blocks : bool
        Allocate whole blocks of pages, which the proposal left as a TODO.
    join : bool
        Join runs across the edges of bitmaps; the proposal does not.
    message_chunks : int
        Chunks in one message.
    bitmap_bits : int
        Pages one bitmap covers, a multiple of 64.
    max_bitmaps : int
        Bitmaps in hand at once.
    ack_timeout_ms : int
        A host that has not answered by then is given up.

    Raises
    ------
    ValueError
        If the driver would refuse a value.

    Examples
    --------
    >>> DriverOptions(by_blocks=True, ack_timeout_ms=1000).words()
    'by_blocks=1 join=1 message_chunks=2047 bitmap_bits=262144 max_bitmaps=32 ack_timeout_ms=1000'
    """

    by_blocks: bool = False
    join: bool = True
    message_chunks: int = MAX_CHUNKS
    bitmap_bits: int = BITMAP_BITS
    max_bitmaps: int = MAX_BITMAPS
    ack_timeout_ms: int = 30_000

    def __post_init__(self) -> None:
        for name, most in (
            ("message_chunks", MAX_CHUNKS),
            ("bitmap_bits", BITMAP_BITS),
            ("max_bitmaps", MAX_BITMAPS),
            ("ack_timeout_ms", 1 << 31),
        ):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise ValueError(f"{name} {value}: give 1 to {most}")
        if self.bitmap_bits % 64:
            raise ValueError(f"bitmap_bits {self.bitmap_bits}: give a multiple of 64")

    def words(self) -> str:
        """Write them as ``insmod`` takes them."""
        return " ".join(f"{name}={int(value)}" for name, value in vars(self).items())
