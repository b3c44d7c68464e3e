"""The lab of real guests, against what is known of the captures."""

import base64
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from balloonkit.captures import SHIPPED, CaptureError, load_capture
from balloonkit.captures.write import write_capture
from balloonkit.find import BINARY_MARK
from balloonkit.guest.page_states import KPF_BUDDY, KPF_LRU, flag_mask
from balloonkit.lab import CaptureLab
from balloonkit.live.memory import GuestMemory
from balloonkit.predict import predict_pfns
from balloonkit.wire import pack_chunks

RECORDED = Path(__file__).parents[3] / "captures" / "recorded-384m.npz"
VERBS = ("memory", "order", "chunks", "prediction")


@pytest.fixture
def lab():
    """A lab on the smallest capture."""
    return CaptureLab("aged-1g")


@pytest.mark.parametrize(
    ("name", "classic", "chunks"),
    [
        # bytes: 4 a PFN; 8 a message and 16 a chunk
        ("idle-8g", ["1,835,008", "7,168", "7,340,032"], ["17", "1", "280"]),
        ("aged-8g", ["1,048,576", "4,096", "4,194,304"], ["46,933", "23", "751,112"]),
        ("aged-1g", ["131,072", "512", "524,288"], ["3,985", "2", "63,776"]),
    ],
)
def test_a_whole_inflate_makes_the_messages_and_chunks_known_for_it(cells, name, classic, chunks):
    lab = CaptureLab(name)
    lab.model.message = lab.model.guest().messages

    assert cells(lab.chunks()) == {"classic, PFN by PFN": classic, "chunks": chunks}


@pytest.mark.parametrize("verb", VERBS)
def test_every_view_draws_every_capture_without_an_error(verb):
    lab = CaptureLab()
    view = getattr(lab, verb)()

    for name in ("aged-1g", "aged-8g", "idle-8g"):
        lab.model.capture = name
        assert view.error == ""
        assert view.caption.startswith(name)


@pytest.mark.parametrize(
    ("verb", "name", "value"),
    [
        ("memory", "moment", "inflated"),
        ("memory", "moment", "deflated"),
        ("memory", "look_at", 10),
        ("order", "message", 77),
        ("chunks", "message", 77),
        ("prediction", "look_at", 10),
    ],
)
def test_moving_a_control_changes_the_picture(lab, verb, name, value):
    view = getattr(lab, verb)()
    before = view.panes

    setattr(lab.model, name, value)

    assert view.error == ""
    assert view.values[name] == value
    assert view.panes != before


@pytest.mark.parametrize("moment", ["before", "inflated", "deflated"])
def test_the_blocks_shown_are_the_guests_own_buddyinfo(cells, idle_8g, moment):
    lab = CaptureLab("idle-8g")
    lab.model.moment = moment

    shown = cells(lab.memory())

    for zone, blocks in idle_8g.buddyinfo(moment).items():
        assert [int(text.replace(",", "")) for text in shown[zone][3:]] == blocks


def test_the_balloon_drains_normal_then_dma32_and_leaves_dma(cells):
    lab = CaptureLab("idle-8g")
    lab.model.message = 7168
    assert cells(lab.order()) == {
        "DMA": ["0", "0"],
        "DMA32": ["323,512", "323,512"],
        "Normal": ["1,511,496", "1,511,496"],
    }

    lab.model.message = 5904
    assert cells(lab.order())["DMA32"] == ["0", "323,512"]
    lab.model.message = 5905
    assert cells(lab.order())["DMA32"][0] != "0"


def test_a_message_of_the_idle_guest_descends_page_by_page():
    lab = CaptureLab("idle-8g")
    view = lab.order()

    lab.model.message = 1000

    assert view.caption == (
        "idle-8g, message 1,000 of 7,168: 256 pages from PFN 1,314,540 to 1,314,285, "
        "each one lower than the one before"
    )


def test_the_pages_of_the_latest_message_are_lit_and_all_before_it_are_in_the_balloon(lab):
    lab.model.message = 40

    whole, close_up, _ = lab.order().panes

    assert whole["totals"][3:] == [39 * 256, 256]
    assert whole["lit"] == [4]
    assert close_up["totals"][4] > 0


def test_chunks_of_a_part_are_those_of_its_pages(cells, lab):
    guest = lab.model.guest()
    lab.model.message = 100

    chunks = len(pack_chunks(guest.sent_pfns[: 100 * 256]))

    assert cells(lab.chunks())["chunks"][0] == f"{chunks:,}"


def test_the_last_message_slider_is_as_long_as_the_inflate(lab):
    view = lab.order()
    assert view.spec[1]["high"] == 512

    lab.model.capture = "aged-8g"
    assert view.spec[1]["high"] == 4096

    lab.model.message = 4096
    lab.model.capture = "aged-1g"
    assert view.caption.startswith("aged-1g, message 512 of 512")


def test_no_message_is_nothing_given(lab):
    lab.model.message = 0

    assert lab.order().caption == "aged-1g, message 0 of 512: nothing given yet"
    assert "0 pages are 0 chunks, in 0 messages" in lab.chunks().caption


def test_the_errors_of_the_model_are_the_difference_of_two_sets(cells, lab):
    capture = load_capture("aged-1g")
    real, foretold = set(capture.inflate_pfns.tolist()), set(predict_pfns(capture).tolist())
    view = lab.prediction()

    shown = cells(view)

    missed, wrong = real - foretold, foretold - real
    assert shown["given, not foretold"][::2] == [f"{len(missed):,}", f"{min(missed):,}"]
    assert shown["foretold, not given"][::2] == [f"{len(wrong):,}", f"{min(wrong):,}"]
    assert view.caption.endswith(f"overlap {len(real & foretold) / len(real | foretold):.4f}")
    assert view.panes[0]["lit"] == [3, 4]


def test_a_capture_of_ones_own_joins_the_choice(tmp_path):
    own = tmp_path / "mine.npz"
    with resources.as_file(resources.files("balloonkit.captures") / "aged-1g.npz") as path:
        shutil.copy(path, own)

    view = CaptureLab(own).memory()

    assert view.caption.startswith("mine, before")
    named = [text for text, _ in view.spec[0]["options"]]
    assert named[:3] == [f"{name} (Linux 6.1)" for name in SHIPPED]
    assert named[-1] == "mine"


def test_a_file_that_is_no_capture_is_refused_at_once(tmp_path):
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, nothing=np.zeros(3))

    with pytest.raises(CaptureError, match="not a whole capture"):
        CaptureLab(wrong)
    with pytest.raises(CaptureError, match="no such file"):
        CaptureLab("missing.npz")


def test_all_returns_every_step_of_the_lesson(lab):
    assert [view.title for view in lab.all().parts] == [
        "A real guest's memory",
        "What it gave away, in what order",
        "What chunks make of it",
        "What the model foretells",
    ]


@pytest.mark.parametrize(
    ("capture", "percent", "fate", "pages", "of"),
    [("idle-8g", 12.8, 3, 4, 4), ("aged-8g", 57.94, 4, 42, 234)],
)
def test_the_errors_the_notebook_points_to_are_there(capture, percent, fate, pages, of):
    lab = CaptureLab(capture)
    lab.model.look_at = percent

    whole, close_up = lab.prediction().panes

    assert (close_up["totals"][fate], whole["totals"][fate]) == (pages, of)


def test_the_third_message_of_the_idle_guest_is_the_first_that_descends_all_the_way():
    lab = CaptureLab("idle-8g")
    view = lab.order()
    descends = []
    for message in (1, 2, 3):
        lab.model.message = message
        descends.append(view.caption.endswith("each one lower than the one before"))

    assert descends == [False, False, True]


def test_half_of_the_aged_guest_comes_from_normal_alone(cells):
    lab = CaptureLab("aged-8g")
    lab.model.moment = "inflated"

    in_balloon = {zone: shown[2] for zone, shown in cells(lab.memory()).items()}

    assert in_balloon == {"DMA": "0", "DMA32": "0", "Normal": "1,048,576"}


def test_a_prediction_that_stops_at_what_is_free_says_what_the_rest_would_need(monkeypatch):
    capture = load_capture(RECORDED)
    # A guest that gave all that is free and all that could be reclaimed: no file holds such a one.
    every = np.flatnonzero(capture.flags("before") & flag_mask(KPF_BUDDY, KPF_LRU))
    hungry = replace(capture, inflate_pfns=every.astype(np.uint32))
    monkeypatch.setattr("balloonkit.captured_guest.load_capture", lambda source: hungry)
    caption = CaptureLab(RECORDED).prediction().caption
    assert f" of {len(every):,} pages; the rest would need reclaim" in caption


def test_the_menu_names_each_captures_kernel():
    [menu, *_] = CaptureLab().memory().spec
    kernels = [text.split("(")[1] for text, _ in menu["options"]]
    assert kernels == 3 * ["Linux 6.1)"] + 2 * ["Linux 6.12)"] + 2 * ["Linux 7.2)"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_newer_kernels_capture_is_drawn_like_the_others(lab, verb):
    view = getattr(lab, verb)()
    lab.model.capture = "k612-idle-1g"
    assert view.error == ""
    assert view.caption.startswith("k612-idle-1g")


def test_a_capture_of_ones_own_is_shown_and_a_text_is_refused_with_the_reason(lab):
    view = lab.memory()
    own = BINARY_MARK + base64.b64encode(RECORDED.read_bytes()).decode()
    lab.model.machine = own
    assert view.error == ""
    assert view.caption.startswith("your capture, before")
    lab.model.machine = "Node 0, zone Normal" + 11 * " 3"
    assert "a text names no pages" in view.error
    lab.model.machine = ""
    assert (view.error, view.caption[:7]) == ("", "aged-1g")


def test_a_snapshot_shows_its_one_moment_and_says_that_it_gave_nothing(lab, tmp_path):
    capture = load_capture(RECORDED)
    texts = {key: capture.text(key) for key in ("iomem_boot", "zoneinfo_boot")}
    memory = GuestMemory(capture.flags("before"), capture.text("buddyinfo_before"), "")
    meta = {"snapshot": True, "guest_mib": 384}
    write_capture(tmp_path / "here.npz", meta, texts, {"before": memory}, None, None)
    views = {verb: getattr(lab, verb)() for verb in VERBS}
    lab.model.capture = str(tmp_path / "here.npz")
    assert views["memory"].error == ""
    for verb in VERBS[1:]:
        assert "snapshot, taken without a balloon" in views[verb].error
    lab.model.moment = "inflated"
    assert "snapshot, taken without a balloon" in views["memory"].error
