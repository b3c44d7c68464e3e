"""The player's Python side: what is sent, when, and what the text twin says."""

import io
import json
import re
import zlib

import numpy as np
import pytest
from own_format import Pairs
from sample_traces import CLASSIC, sample_trace
from text_sections import section

from balloonkit import load_capture, trace_inflate
from balloonkit.guest import Guest
from balloonkit.lab.player.player import CSS, ESM, StepPlayer, pack
from balloonkit.lab.player.text import runs, text_twin
from balloonkit.predict import guest_of
from balloonkit.trace import START, state_at
from balloonkit.wire import PAGE_CHUNKS, PFN_ARRAY


@pytest.fixture
def trace():
    return sample_trace()[0]


def test_replay_equals_what_the_generator_kept_in_its_own_books(sample):
    trace, truth = sample
    for step in range(START, len(trace["steps"]), 1 if trace["span"] < 4096 else 37):
        state, expected = state_at(trace, step), truth[step + 1]
        assert state.pages.tolist() == expected["pages"]
        assert state.lists == expected["lists"]
        assert state.stock == expected["stock"]
        assert state.reject == expected["reject"]
        assert state.bits.tolist() == expected["bits"]
        assert state.bitmap == expected["bitmap"]
        assert state.entries == expected["entries"]
        assert state.message == expected["message"]
        assert state.host.tolist() == expected["host"]
        assert state.counters == expected["counters"]


def test_runs_of_an_empty_array_are_none():
    assert runs(np.zeros(0, np.uint8)) == []


@pytest.mark.parametrize("step", [-2, 56])
def test_a_step_the_trace_does_not_have_is_refused_by_name(trace, step):
    assert len(trace["steps"]) == 56
    with pytest.raises(IndexError, match=f"step {step}: this trace has steps 0 to 55"):
        state_at(trace, step)
    with pytest.raises(ValueError, match=f"step {step}: this run has steps 0 to 55"):
        StepPlayer(trace, step=step)


def test_trace_without_steps_is_refused(trace):
    with pytest.raises(ValueError, match="without steps"):
        StepPlayer(trace | {"steps": []})


@pytest.mark.parametrize("wire_format", [PAGE_CHUNKS, PFN_ARRAY])
def test_trace_of_4096_pages_and_over_200_steps_stays_under_100_kb(wire_format):
    guest = Guest.aged("16MiB", 0.5)
    trace = trace_inflate(guest, 3000, wire_format, steps_per_stage=200).as_dict()
    assert trace["span"] == 4096
    assert len(trace["steps"]) > 200
    assert len(pack(trace)) < 100_000


def large_traces():
    yield "idle 8 GiB", trace_inflate(Guest.idle("8GiB"), "4GiB")
    yield "idle-8g", trace_inflate(guest_of(load_capture("idle-8g")), "4GiB", PFN_ARRAY)
    aged = guest_of(load_capture("aged-8g"))
    yield "aged-8g, there and back", trace_inflate(aged, "4GiB", deflate=True, steps_per_stage=250)


def test_a_guest_of_8_gib_is_played_through_a_window_and_stays_under_300_kb():
    for name, trace in large_traces():
        assert 100 < len(trace.steps) <= 2000, name
        player = StepPlayer(trace.as_dict())
        assert len(player._data) < 300_000, name
        first, pages = player.trace["window"]
        assert pages == 4096
        text = player.text_twin()
        title = text.split("\n")[0]
        shown = f"PFN {first:,} to {first + pages - 1:,} shown of {player.trace['span']:,}"
        assert title.endswith(f": {shown}")
        assert "outside this window" in section(text, "Guest memory")[0]
        for line in section(text, "Free lists")[:-1]:  # the count is of all, wherever they are
            assert re.search(r"outside this window|free:|pages:", line)
        player.figure()


def test_the_free_lists_of_a_window_count_what_is_outside_it():
    trace = trace_inflate(Guest.idle("1GiB"), 10).as_dict()
    [dma, _] = [zone[10] for zone in state_at(trace, START).lists if zone[10]]
    player = StepPlayer(trace)
    first, pages = player.trace["window"]
    [line, _] = [ln for ln in section(player.text_twin(START), "Free lists") if "order 10" in ln]
    shown = [pfn for pfn in dma if first <= pfn < first + pages]
    assert 0 < len(shown) < len(dma)
    named = f"{' '.join(map(str, shown))} and {len(dma) - len(shown)} outside this window"
    assert line == f"  DMA      order 10  {len(dma):4} free: {named}"


def test_a_window_of_ones_own_is_kept_whatever_its_size():
    trace = trace_inflate(Guest.idle("128MiB"), 10)
    assert StepPlayer(trace.as_dict((0, 20_000))).trace["window"] == [0, 20_000]
    assert StepPlayer(trace.as_dict((0, 32_768))).trace["window"] == [0, 32_768]


def test_data_holds_the_very_trace(trace):
    assert json.loads(zlib.decompress(StepPlayer(trace)._data))["trace"] == trace


def test_data_travels_once_however_python_jumps(trace):
    player = StepPlayer(trace)
    sent = []
    player.comm.send = lambda *args, **kwargs: sent.append((args, kwargs))
    player.jump(3)
    player.jump("start")
    assert "_data" not in str(sent)
    assert len(sent) == 4  # the trait and the order to move, twice


def test_jump_reads_a_state_code_and_code_writes_it(trace):
    player = StepPlayer(trace)
    assert player.code == "seed=7 pages=64 step=start"
    player.jump("seed=7 pages=64 step=31")
    assert (player.step, player.code) == (31, "seed=7 pages=64 step=31")
    player.jump("step=5")
    assert player.step == 5
    player.jump(7)
    assert player.step == 7


def test_jump_refuses_the_code_of_another_run(trace):
    with pytest.raises(
        ValueError, match=r"of another run; this one is 'seed=7 pages=64 step=start'"
    ):
        StepPlayer(trace).jump("seed=8 pages=64 step=31")


def test_jump_refuses_what_is_no_code(trace):
    with pytest.raises(ValueError, match="'soon': give a step number"):
        StepPlayer(trace).jump("soon")


def test_a_new_trace_starts_at_the_start(trace):
    player = StepPlayer(trace, step=50)
    other, _ = sample_trace(path=CLASSIC)
    player.trace = other
    assert player.step == START
    assert json.loads(zlib.decompress(player._data))["trace"] == other


def test_display_carries_a_picture_and_the_text_twin_beside_the_widget(trace):
    data, _ = StepPlayer(trace)._repr_mimebundle_()
    assert data["text/plain"] == text_twin(trace, len(trace["steps"]) - 1)
    assert StepPlayer(trace, 9)._repr_mimebundle_()[0]["text/plain"] == text_twin(trace, 9)
    assert "application/vnd.jupyter.widget-view+json" in data
    from matplotlib.image import imread

    height, width, _ = imread(io.BytesIO(data["image/png"])).shape
    assert width > height > 100


def test_module_imports_nothing_and_loads_nothing():
    assert not re.search(r"^\s*import\b|\bimport\(", ESM, re.MULTILINE)
    for text in (ESM, CSS):
        assert "http" not in text
        assert "url(" not in text


@pytest.mark.parametrize("wire_format", [PAGE_CHUNKS, PFN_ARRAY])
def test_a_traced_inflate_ends_with_its_pages_in_the_balloon_and_released(wire_format):
    guest = Guest.aged("256KiB", 0.5)
    trace = trace_inflate(guest, 20, wire_format).as_dict()
    state = state_at(trace, len(trace["steps"]) - 1)
    assert (state.pages == 3).sum() == (state.host == 0).sum() == 20
    assert text_twin(trace, 3).count("\n") > 10
    StepPlayer(trace).figure()


def test_a_format_of_ones_own_is_played_from_page_to_release():
    trace = trace_inflate(Guest.idle("256KiB"), 20, Pairs())
    kinds = {step.kind for step in trace.steps}
    assert {"take", "chunk", "send", "pop", "translate", "release", "ack"} <= kinds
    player = StepPlayer(trace.as_dict())
    last = len(trace.steps) - 1
    assert state_at(trace, last).counters[0] == 20
    send = next(n for n, step in enumerate(trace.steps) if step.kind == "send")
    entries = state_at(trace, send).entries
    assert sum(size for _, size in entries) == 20
    message = b"".join(base.to_bytes(4, "little") + bytes([size]) for base, size in entries)
    assert state_at(trace, send).message["hex"] == message.hex()
    assert message.hex(" ")[:47] in player.text_twin(send)
