"""This machine, read from a /proc that a real guest had, and from the one that is here."""

import re
from dataclasses import replace

import numpy as np
import pytest

from balloonkit.captures import CaptureError, load_capture
from balloonkit.cli import main
from balloonkit.guest.page_states import KPF_NOPAGE
from balloonkit.live.snapshot import snapshot_here
from balloonkit.look.here import read_here, read_pages
from balloonkit.predict import guest_of, predict


@pytest.fixture(scope="module")
def capture():
    return load_capture("k612-aged-1g")


@pytest.fixture
def proc(tmp_path, capture):
    """The files of a guest's /proc."""
    (tmp_path / "kpageflags").write_bytes(capture.flags("before").tobytes())
    for name in ("buddyinfo", "pagetypeinfo"):
        (tmp_path / name).write_text(capture.text(f"{name}_before"))
    for name in ("iomem", "zoneinfo"):
        (tmp_path / name).write_text(capture.text(f"{name}_boot"))
    return tmp_path


def test_lists_rebuilt_from_pages_are_buddyinfos_when_nothing_moved(proc, capture):
    here = read_here(proc=proc)
    rebuilt = {zone: counts for (_, zone), counts in here.rebuilt.items()}
    assert rebuilt == capture.buddyinfo("before")
    assert (here.rebuilt_differs_pages, here.changed_pages) == (0, 0)
    assert here.as_dict()["pages_read"] == len(here.pages.flags)


def test_a_page_where_spans_overlap_counts_once(proc, capture):
    # The same machine, told as if its upper half had been plugged in as another node.
    text = capture.text("zoneinfo_boot")
    start = text.index("Node 0, zone    DMA32")
    end = text.index("Node 0,", start + 8)
    upper = text[start:end].replace("Node 0", "Node 1")
    upper = re.sub(r"spanned +\d+", "spanned  131072", upper)
    upper = re.sub(r"start_pfn: +\d+", "start_pfn:           131072", upper)
    (proc / "zoneinfo").write_text(text[:end] + upper + text[end:])
    here = read_here(proc=proc)
    assert (1, "DMA32") in here.rebuilt
    both = np.add(here.rebuilt[0, "DMA32"], here.rebuilt[1, "DMA32"])
    assert both.tolist() == capture.buddyinfo("before")["DMA32"]


def test_what_moved_while_pages_were_read_is_counted(proc, monkeypatch):
    pages = read_pages(proc)
    row = next(line for line in pages.buddyinfo_after.splitlines() if "DMA32" in line)
    words = row.split()
    words[-1] = str(int(words[-1]) - 2)  # two blocks of order 10 went
    moved = pages.buddyinfo_after.replace(row, " ".join(words))
    monkeypatch.setattr(
        "balloonkit.look.here.read_pages", lambda proc: replace(pages, buddyinfo_after=moved)
    )
    here = read_here(proc=proc)
    assert here.changed_pages == 2 * 1024
    assert here.rebuilt_differs_pages == 0


def test_pages_outside_ram_are_never_read(proc, capture):
    flags = read_pages(proc).flags
    nothing = flags == np.uint64(1 << KPF_NOPAGE)
    assert len(flags) <= len(capture.flags("before"))
    assert (flags[~nothing] == capture.flags("before")[: len(flags)][~nothing]).all()
    assert nothing[0xA0:0x100].all()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("kpageflags", None, "No such file"),
        ("kpageflags", "", "ends"),
        ("iomem", "00000000-00000000 : System RAM\n", "without rights"),
    ],
)
def test_without_pages_the_texts_answer_and_say_what_is_missing(proc, name, text, said):
    (proc / name).unlink() if text is None else (proc / name).write_text(text)
    here = read_here(proc=proc)
    assert here.pages is None
    assert said in here.as_dict()["why_not"]
    assert here.reading.recognised == ("buddyinfo", "pagetypeinfo", "zoneinfo")


def test_a_snapshot_is_a_capture_that_never_had_a_balloon(tmp_path, proc, capture):
    snapshot_here(tmp_path / "here.npz", proc=proc)
    snapshot = load_capture(tmp_path / "here.npz")
    assert not snapshot.ballooned
    assert snapshot.moments == ("before",)
    assert snapshot.ram == capture.ram
    assert snapshot.buddyinfo("before") == capture.buddyinfo("before")
    pages = guest_of(snapshot).take(1000)
    assert (pages == guest_of(capture, flags_only=True).take(1000)).all()
    for ask in (predict, lambda c: c.deflate_pfns, lambda c: c.flags("inflated")):
        with pytest.raises(CaptureError, match="it is a snapshot, taken without a balloon"):
            ask(snapshot)


def test_a_snapshot_takes_no_options_of_a_boot(capsys, tmp_path):
    assert main(["capture", "--memory", "1GiB", "here", str(tmp_path / "x.npz")]) == 1
    assert "--memory is for a guest that is booted" in capsys.readouterr().err
