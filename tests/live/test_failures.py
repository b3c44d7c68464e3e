"""What a live guest does when things end badly: a readable error, and nothing left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from child_processes import children

from balloonkit.live import (
    GuestDiedError,
    GuestTimeoutError,
    LiveError,
    LiveGuest,
    MissingPackageError,
    RefusedError,
    balloon,
    capture,
    qmp,
)
from balloonkit.live import guest as live_guest

CHILD = """
import os, signal
from balloonkit.live import LiveGuest
guest = LiveGuest("128MiB")
print(guest.pid, flush=True)
"""


def gone(pid, within_s=5):
    """Wait for a process that is not our child to disappear."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if not os.path.exists(f"/proc/{pid}/exe"):
            return True
        time.sleep(0.02)
    return False


def test_a_killed_qemu_ends_the_inflate_with_its_signal_and_leaves_nothing(
    assets, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    descriptors, threads = set(os.listdir("/proc/self/fd")), threading.active_count()
    with LiveGuest("512MiB") as guest:
        timer = threading.Timer(0.1, os.kill, (guest.pid, signal.SIGKILL))
        timer.start()
        with pytest.raises(GuestDiedError, match=r"QEMU \(pid \d+\) was ended by signal 9"):
            guest.balloon("192MiB")
        with pytest.raises(GuestDiedError, match="signal 9"):
            guest.memory()
        with pytest.raises(GuestDiedError, match="signal 9"):
            guest.resident()
        timer.join()
    assert gone(guest.pid)
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    assert os.listdir(tmp_path) == []


def test_a_kernel_panic_is_told_in_the_kernels_words(assets):
    with (
        LiveGuest("128MiB") as guest,
        pytest.raises(
            GuestDiedError, match=r"exited with status 0\n.*Kernel panic.*sysrq triggered crash"
        ),
    ):
        guest.run("echo c > /proc/sysrq-trigger")


def test_a_hanging_qemu_is_given_up_and_ended(assets, monkeypatch):
    monkeypatch.setattr(qmp, "_ANSWER_TIMEOUT_S", 0.5)
    with LiveGuest("128MiB") as guest:
        os.kill(guest.pid, signal.SIGSTOP)
        with pytest.raises(GuestTimeoutError, match=r"no answer in 0\.5 s"):
            guest.actual()
        with pytest.raises(GuestTimeoutError, match=r"no answer to 'true'[^$]*still runs"):
            guest.run("true", timeout_s=0.5)
    assert gone(guest.pid)


def test_a_guest_that_does_not_come_up_in_time_is_given_up_and_ended(assets, monkeypatch):
    monkeypatch.setattr(live_guest, "_BOOT_TIMEOUT_S", 0.05)
    before = children()
    with pytest.raises(GuestTimeoutError, match=r"no answer to 'boot' in 0\.05 s"):
        LiveGuest("128MiB")
    assert children() == before


def test_a_balloon_that_no_driver_moves_is_given_up_where_it_is(assets, monkeypatch):
    monkeypatch.setattr(balloon, "_STALL_S", 0.5)
    with LiveGuest("128MiB") as guest:
        guest.run("rmmod virtio_balloon")
        with pytest.raises(GuestTimeoutError, match=r"stays at 128 MiB for 0\.5 s"):
            guest.balloon("112MiB")
        assert guest.actual() == guest.memory_bytes


def test_nothing_of_a_guest_is_left_in_process_thread_descriptor_or_file(
    assets, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    descriptors, threads = set(os.listdir("/proc/self/fd")), threading.active_count()
    with LiveGuest("128MiB") as guest:
        assert os.listdir(tmp_path) == []
    assert gone(guest.pid)
    for use in (guest.actual, guest.memory, guest.resident, guest.reported, guest.stats):
        with pytest.raises(GuestDiedError, match=r"this guest .* was closed"):
            use()
    guest.close()
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)", "del guest; input()"])
def test_a_guest_ends_with_python_or_with_its_last_reference(assets, end):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD + end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        pid = int(child.stdout.readline())
        assert gone(pid)
    finally:
        child.communicate("\n")
    assert child.returncode == (-signal.SIGKILL if "SIGKILL" in end else 0)


def test_a_guest_collected_in_its_own_thread_still_ends(assets):
    guest = LiveGuest("128MiB")
    guest._balloon._link._loop.call_soon_threadsafe(guest.close)
    assert gone(guest.pid)


def test_a_capture_that_cannot_be_written_is_refused_before_the_guest_boots(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-folder"):
        capture("128MiB", "96MiB", None, tmp_path / "no-such-folder" / "a.npz")


def test_a_full_disk_is_named_instead_of_half_a_trace(assets, tmp_path):
    script = f"""
mount -t tmpfs -o size=1m tmpfs {tmp_path} && exec env TMPDIR={tmp_path} {sys.executable} -c '
from balloonkit.live import LiveGuest, TraceLostError
with LiveGuest("256MiB") as guest:
    try:
        guest.balloon("128MiB")
    except TraceLostError as error:
        print(error)
    print(len(guest.balloon("127MiB").pfns))
'"""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no user namespaces to fill a disk in: {done.stderr}")
    assert "the balloon moved 32768 pages" in done.stdout, done.stderr
    assert "Set TMPDIR to one with room\n256\n" in done.stdout


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("64MiB", "at least 128 MiB"),
        ("100TiB", r"can give \d.* now"),
        (200 << 20 | 4096, "whole number of MiB"),
    ],
)
def test_a_guest_that_cannot_be_is_refused_before_it_starts(memory, reason):
    with pytest.raises(RefusedError, match=reason):
        LiveGuest(memory)


def test_a_missing_qemu_is_answered_with_the_packages_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackageError, match=r"no qemu-system-x86_64 .*qemu-system-x86 linux"):
        LiveGuest("128MiB")


def test_a_qemu_that_cannot_start_is_quoted(assets, monkeypatch, tmp_path):
    broken = tmp_path / "qemu-system-x86_64"
    broken.write_text("#!/bin/sh\necho no such machine; exit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LiveError, match=r"exited with status 3\n  no such machine"):
        LiveGuest("128MiB")
