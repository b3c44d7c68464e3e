"""Where no guest can run a recorded one takes its place, and every view says so."""

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab import LiveLab
from balloonkit.live import size

#: Pictures in each step, of either guest: what is committed fits machines with and without QEMU.
PANES = [3, 4, 4, 2, 3]
IN_BALLOON = PAGE_STATES["in balloon"]


def view_of(step):
    """The view of a step: the last of a bench, or the step itself."""
    return getattr(step, "parts", [step])[-1]


@pytest.fixture
def no_qemu(monkeypatch, tmp_path):
    """A machine on which no program is found."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_whole_lesson_runs_without_qemu_and_every_view_says_so(no_qemu):
    *views, player = [view_of(step) for step in LiveLab().all().parts]

    assert [view.caption[:8] for view in views] == [*["RECORDED"] * 4, "REPLAYED"]
    assert "Install with: apt-get install" in views[0].caption
    assert [view.error for view in views] == [""] * 5
    assert [len(view.panes) for view in views] == PANES
    assert "replayed" in player.trace["title"]


def test_the_recorded_guest_gives_what_the_real_one_gave_in_its_order(no_qemu):
    lab = LiveLab()
    lab.model.boot()
    lab.model.left_mib = 1024 - 3
    lab.model.move()

    given = np.flatnonzero(lab.model.look.states == IN_BALLOON)

    assert sorted(load_capture("aged-1g").inflate_pfns[:768]) == given.tolist()


def test_the_recorded_guest_inflated_by_half_needs_the_chunks_known_for_it(no_qemu, cells):
    lab = LiveLab()
    lab.balloon()

    shown = cells(lab.replay())

    assert list(shown.values()) == [
        ["131,072", "512", "524,288", "131,072"],
        ["3,985", "2", "63,776", "3,985"],
    ]


def test_a_recorded_guest_refuses_what_it_never_did(no_qemu):
    lab = LiveLab()
    view = view_of(lab.balloon())

    lab.model.left_mib = 64

    assert "NOT DONE: balloon to 64 MiB: the recorded guest was left with 512 MiB" in view.caption
    assert view.error == ""


def test_a_system_that_is_no_linux_has_the_recorded_guest(monkeypatch):
    def no_proc():
        raise FileNotFoundError("no /proc/meminfo")

    monkeypatch.setattr(size, "memory_limit", no_proc)

    view = view_of(LiveLab().boot())

    assert view.caption.startswith("RECORDED, no live guest here: no /proc/meminfo. Instead:")
