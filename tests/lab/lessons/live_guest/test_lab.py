"""The live lab, on a running kernel where QEMU is here, and on its recorded stand-in."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from balloonkit.guest.page_states import PAGE_STATES
from balloonkit.lab import LiveLab
from balloonkit.lab.lessons.live_guest.guests import RealGuest
from balloonkit.lab.lessons.live_guest.pictures import (
    show_balloon,
    show_booted,
    show_fragmented,
    show_replay,
)
from balloonkit.limits import Limit
from balloonkit.live import size
from balloonkit.wire import pack_chunks

#: Pictures in each step, of either guest: what is committed fits machines with and without QEMU.
PANES = [3, 4, 4, 2, 3]
IN_BALLOON = PAGE_STATES["in balloon"]


def view_of(step):
    """The view of a step: the last of a bench, or the step itself."""
    return getattr(step, "parts", [step])[-1]


def gone(pid, within_s=5):
    """Wait for a process that is not our child to disappear."""
    deadline_s = time.monotonic() + within_s
    while Path(f"/proc/{pid}/exe").exists() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}/exe").exists()


@pytest.fixture(scope="module")
def running(request):
    """A lab on a live guest of 256 MiB, after the whole lesson; tests that boot another come last.

    Its guest would end.
    """
    pytest.importorskip("qemu.qmp", reason="no qemu.qmp: pip install 'balloonkit[live]'")
    lab = LiveLab("256MiB")
    lab.model.boot()
    if lab.model.why_recorded:
        pytest.skip(f"no live guest: {lab.model.why_recorded}")
    lab.model.age()
    yield lab
    lab.close()


@pytest.fixture
def lab(running):
    """The shared lab, with an empty balloon, and without the views of earlier tests."""
    running.model.unobserve_all()
    running.model.left_mib = 256
    running.model.move()
    return running


def test_each_step_of_a_live_guest_has_its_pictures(lab):
    model = lab.model
    drawn = [
        show_booted(model.seen()),
        show_fragmented(model.age_anew()),
        show_balloon(model.move_and_replay()),
        show_replay(model.move_and_replay()),
    ]

    assert [len(panes) for panes, _ in drawn] == PANES[: len(drawn)]


def test_the_slider_moves_the_balloon_of_the_running_kernel(lab):
    view = view_of(lab.balloon())
    assert lab.model.left_mib == 128

    lab.model.left_mib = 160

    assert "96 MiB in the balloon" in view.caption
    assert int((lab.model.look.states == IN_BALLOON).sum()) == 96 * 256
    assert lab.model.guest.look().left_bytes == 160 << 20


def test_the_resident_set_of_qemu_falls_while_the_balloon_grows(lab):
    lab.model.age()
    lab.balloon()

    resident = [now for _, now in lab.model.samples]

    assert resident[0] - resident[-1] > 64 << 20
    now = lab.model.look.resident_bytes >> 20
    assert lab.meter.text == f"at this moment: {now} MiB of 256 MiB resident"


def test_deflating_brings_no_host_memory_back(lab):
    lab.balloon()
    small = lab.model.look.resident_bytes

    lab.model.left_mib = 256
    lab.model.move()

    assert lab.model.look.left_bytes == 256 << 20
    assert lab.model.look.resident_bytes < small + (16 << 20)


def test_a_target_too_small_is_refused_in_the_view_with_the_figure_and_changes_nothing(lab):
    view = view_of(lab.balloon())
    before = lab.model.look.states

    lab.model.left_mib = 64

    assert "NOT DONE: balloon to 64 MiB: now the guest needs 1" in view.caption
    assert view.error == ""
    assert np.array_equal(lab.model.look.states == IN_BALLOON, before == IN_BALLOON)
    lab.model.left_mib = 200
    assert view.caption.startswith("56 MiB in the balloon")


def test_the_replay_sends_the_very_pages_as_chunks(lab, cells):
    lab.balloon()
    view = lab.replay()
    pfns = np.flatnonzero(lab.model.look.states == IN_BALLOON)

    counted, replayed = cells(view).values()

    chunks = f"{len(pack_chunks(pfns)):,}"
    assert counted == ["32,768", "128", "131,072", "32,768"]
    assert replayed[0] == replayed[3] == chunks


def test_an_empty_balloon_has_nothing_to_replay(lab):
    assert lab.replay().caption == "Nothing is given away: leave the guest less"


def test_a_smaller_buffer_takes_more_messages(lab, cells):
    lab.balloon()
    view = lab.replay()
    lab.model.max_chunks = 255

    entries, messages, *_ = [int(n.replace(",", "")) for n in list(cells(view).values())[1]]
    lab.model.max_chunks = 2047

    assert messages == -(-entries // 255)


def test_an_aged_guest_is_in_more_pieces_than_a_fresh_one_and_a_move_ages_anew(lab):
    view = view_of(lab.age())
    assert "aged with seed 1" in view.caption

    lab.model.kept_percent = 50

    assert view.caption.startswith("aged with seed 1")
    assert "50 % of the files kept" in view.caption
    assert lab.model.left_mib == 256


def test_ageing_a_guest_with_a_full_balloon_empties_it_first(lab):
    lab.balloon()

    lab.age()

    assert lab.model.problem == ""
    assert lab.model.left_mib == 256
    assert not (lab.model.look.states == IN_BALLOON).any()


def test_a_guest_that_was_killed_is_reported_with_its_signal_and_the_picture_stays():
    lab = LiveLab("128MiB")
    view = view_of(lab.boot())
    if lab.model.why_recorded:
        pytest.skip("no live guest")
    view = view_of(lab.balloon())
    os.kill(RealGuest._running.pid, signal.SIGKILL)

    lab.model.left_mib = 112

    assert "was ended by signal 9" in view.caption
    assert "Boot another: lab.boot()" in view.caption
    assert view.error == ""
    assert len(view.panes) == 4


def test_restarting_the_notebooks_kernel_ends_the_guest(running):
    del running  # only a sign that there is QEMU here
    code = "from balloonkit.live import LiveGuest; guest = LiveGuest('128MiB'); print(guest.pid)"
    options = ["--IPKernelApp.log_level=ERROR"]
    manager, client = start_new_kernel(extra_arguments=options)
    printed = []
    try:
        note = lambda message: printed.append(message["content"].get("text", ""))  # noqa: E731
        client.execute_interactive(code, timeout=60, output_hook=note)
        pid = int("".join(printed))
        assert Path(f"/proc/{pid}/exe").exists()

        manager.restart_kernel(now=True)

        assert gone(pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_switch_boots_another_guest_and_a_fresh_one_gives_the_host_almost_nothing(running):
    del running  # only a sign that there is QEMU here
    lab = LiveLab("256MiB")
    lab.boot()
    old = RealGuest._running.pid

    lab.model.init_on_alloc = True

    assert RealGuest._running.pid != old
    assert "heap alloc:on" in RealGuest._running.run("dmesg | grep auto-init")
    before = lab.model.look.resident_bytes
    lab.balloon()
    assert lab.model.look.left_bytes == 128 << 20
    assert abs(before - lab.model.look.resident_bytes) < 32 << 20
    lab.close()


def test_more_memory_than_the_machine_has_is_halved_until_it_fits_and_said(running, monkeypatch):
    del running  # only a sign that there is QEMU here
    limit = Limit(600 << 20, "a small machine")
    monkeypatch.setattr(size, "memory_limit", lambda: limit)
    lab = LiveLab("1GiB")

    view = view_of(lab.boot())

    assert "(1 GiB do not fit into this machine), 256 MiB" in view.caption
    lab.close()


def test_booting_again_ends_the_guest_before_it(running):
    del running  # only a sign that there is QEMU here
    first = LiveLab("128MiB")
    first.boot()
    pid = RealGuest._running.pid

    second = LiveLab("128MiB")
    second.boot()

    assert not Path(f"/proc/{pid}/exe").exists()
    second.close()
