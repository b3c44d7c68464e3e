"""The same guest with two drivers, live where one can be built, replayed where not."""

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab import LiveLab
from balloonkit.lab.lessons.live_guest.drivers import DriversModel
from balloonkit.lab.lessons.live_guest.guests import RECORDED
from balloonkit.lab.lessons.live_guest.pictures import show_drivers
from balloonkit.trace import state_at
from balloonkit.wire import PageBitmaps, decode_pfns, pack_chunks

HALF_PAGES = 32768


@pytest.fixture(scope="module")
def live():
    """Both guests of 256 MiB, booted and aged once."""
    pytest.importorskip("qemu.qmp", reason="no qemu.qmp: pip install 'balloonkit[live]'")
    model = DriversModel(256 << 20)
    model.runs()
    if model.why_recorded:
        pytest.skip(f"no two drivers: {model.why_recorded}")
    yield model
    model.close()


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    """A machine on which no program is found."""
    monkeypatch.setenv("PATH", str(tmp_path))


def ballooned(run):
    return np.flatnonzero(run.states == PAGE_STATES["in balloon"])


def test_both_drivers_give_as_much_and_chunks_take_fewer_messages_and_calls(live):
    classic, chunks = live.runs()
    assert classic.pages == chunks.pages == HALF_PAGES
    assert (classic.messages, classic.entries, classic.releases) == (128, HALF_PAGES, HALF_PAGES)
    assert chunks.messages == 1
    assert chunks.entries == chunks.releases == len(pack_chunks(ballooned(chunks)))
    assert (chunks.message_bytes, classic.message_bytes) == (8 + 16 * chunks.entries, 131_072)
    assert len(ballooned(classic)) == len(ballooned(chunks)) == HALF_PAGES


def test_both_free_what_was_resident_of_the_same_kind_of_memory(live):
    classic, chunks = live.runs()
    assert classic.freed_bytes > HALF_PAGES * 4096 / 2
    assert chunks.freed_bytes == pytest.approx(classic.freed_bytes, rel=0.15)


def test_the_first_bytes_are_those_of_each_wire(live):
    classic, chunks = live.runs()
    assert int.from_bytes(chunks.first_bytes[:8], "little") == chunks.entries
    assert int.from_bytes(chunks.first_bytes[8:16], "little") >> 12 == ballooned(chunks)[0]
    assert np.isin(decode_pfns(classic.first_bytes), ballooned(classic)).all()


def test_a_smaller_buffer_loads_the_driver_anew_and_takes_more_messages(live):
    live.max_chunks = 255
    _, chunks = live.runs()
    assert live.reloads > 0
    assert chunks.messages == -(-chunks.entries // 255) > 1
    _, table = show_drivers(live.both())
    assert "the driver was loaded anew" in table.caption


def test_small_bitmaps_cut_runs_unless_they_are_joined(live):
    live.bitmap_bits, live.join = 256, False
    cut = live.runs()[1]
    expected = PageBitmaps(256).chunks(ballooned(cut).astype(np.uint32))
    assert cut.entries == len(expected) > len(pack_chunks(ballooned(cut)))
    live.join = True
    joined = live.runs()[1]
    assert joined.entries == len(pack_chunks(ballooned(joined)))


def test_guests_that_were_ended_keep_the_last_picture_and_say_so(live):
    before = live.runs()
    live.close()
    live.by_blocks = True
    panes, table = show_drivers(live.both())
    assert len(panes) == 3
    assert table.caption.startswith("NOT DONE: the guests were ended: lab.drivers() starts others")
    assert live.runs() == before


@pytest.mark.usefixtures("no_compiler")
def test_where_nothing_can_run_a_recording_is_replayed_and_the_caption_says_why():
    lab = LiveLab("512MiB")
    view = lab.drivers()
    sent = load_capture("aged-1g").inflate_pfns
    assert view.caption.startswith("REPLAYED, no driver of ours runs here: no qemu-system-x86_64")
    _, chunks = lab.drivers_model.runs()
    assert (chunks.entries, chunks.freed_bytes) == (len(pack_chunks(sent)), None)
    lab.drivers_model.by_blocks = True
    assert view.caption.endswith("by blocks cannot be replayed")
    lab.drivers_model.max_chunks = 255
    assert lab.drivers_model.runs()[1].messages == -(-len(pack_chunks(sent)) // 255)


@pytest.mark.usefixtures("no_compiler")
def test_the_drivers_source_can_be_read_beside_the_picture():
    fold = LiveLab("512MiB").drivers().fold
    for name in ("balloon.h", "device.c", "pages.c", "chunks.c", "wire.c"):
        assert f"==== {name} ====" in fold


def test_the_kernels_own_run_is_stepped_up_to_the_pages_it_holds(live):
    _, chunks = live.runs()
    assert "seen from its device" in live.trace.setup["title"]
    last = state_at(live.trace, len(live.trace.steps) - 1)
    assert np.array_equal(
        np.flatnonzero(last.pages == PAGE_STATES["in balloon"]), ballooned(chunks)
    )


def test_without_a_driver_the_replay_is_stepped_and_says_so(no_compiler):
    lab = LiveLab("256MiB")
    player = lab.step()
    assert f"the recorded guest {RECORDED}, replayed" in player.trace["title"]
    trace = lab.drivers_model.trace
    last = state_at(trace, len(trace.steps) - 1)
    sent = load_capture(RECORDED).inflate_pfns
    assert np.array_equal(np.flatnonzero(last.pages == PAGE_STATES["in balloon"]), np.sort(sent))
    assert int((last.host == 0).sum()) == len(sent)
    lab.close()
