"""Prediction against what the captured guests really did."""

from balloonkit.predict import guest_of, predict
from balloonkit.wire import pack_chunks
from balloonkit.wire.page_chunk import chunk_messages


def test_free_lists_are_exact_on_every_capture(capture):
    assert predict(capture).buddyinfo_exact


def test_the_captures_own_pages_make_the_chunks_known_for_them(idle_8g, aged_8g):
    idle, aged = pack_chunks(idle_8g.inflate_pfns), pack_chunks(aged_8g.inflate_pfns)
    assert (len(idle), len(list(chunk_messages(idle)))) == (17, 1)
    assert (len(aged), len(list(chunk_messages(aged)))) == (46_933, 23)


def test_watermarks_and_zones_are_the_captured_kernels(idle_8g):
    zones = guest_of(idle_8g).buddy.zones
    assert [(z.name, z.start_pfn, z.end_pfn) for z in zones] == [
        ("DMA", 1, 4096),
        ("DMA32", 4096, 1048576),
        ("Normal", 1048576, 2621440),
    ]
    assert [z.batch for z in zones] == [1, 63, 63]
    assert zones[0].reserve_pages > 3840  # more than the zone has: DMA is left alone
