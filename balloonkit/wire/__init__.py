"""What crosses between guest and host: formats, feature bits, the virtqueue. Knows neither side."""

from balloonkit.wire.errors import WireError
from balloonkit.wire.features import CLASSIC, PROPOSED, Feature, negotiate
from balloonkit.wire.format import Format
from balloonkit.wire.formats import PAGE_CHUNKS, PFN_ARRAY, PageChunks, PfnArray
from balloonkit.wire.page_bitmap import PageBitmaps, find_runs
from balloonkit.wire.page_chunk import decode_chunks, encode_chunks, join_chunks, pack_chunks
from balloonkit.wire.pfn_array import decode_pfns, encode_pfns

__all__ = [
    "CLASSIC",
    "PAGE_CHUNKS",
    "PFN_ARRAY",
    "PROPOSED",
    "Feature",
    "Format",
    "PageBitmaps",
    "PageChunks",
    "PfnArray",
    "WireError",
    "decode_chunks",
    "decode_pfns",
    "encode_chunks",
    "encode_pfns",
    "find_runs",
    "join_chunks",
    "negotiate",
    "pack_chunks",
]
