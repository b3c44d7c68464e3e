"""The device in its own process: real memory, and what happens when either side dies."""

import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from balloonkit.host.child import DeviceLostError
from balloonkit.host.process import ProcessHost
from balloonkit.limits import MemoryLimitError
from balloonkit.wire import CLASSIC, PROPOSED, encode_chunks, encode_pfns, pack_chunks
from balloonkit.wire.channel import Channel
from balloonkit.wire.pfn_array import pfn_messages
from balloonkit.wire.queue import Queue
from balloonkit.wire.queue_errors import AckTimeoutError

SIZE_BYTES = 64 << 20
PAGES = SIZE_BYTES // 4096
#: Scattered singles and long runs, all over the memory.
BALLOONED = np.concatenate([np.arange(0, 4096, 3), np.arange(5000, 15000)]).astype(np.uint32)


@pytest.fixture
def host():
    with ProcessHost(SIZE_BYTES) as made:
        made.negotiate(PROPOSED)
        yield made


def channel(host, queue=Queue.INFLATE):
    return Channel(host.memory, queue, host.kick, host.wait)


def wait_for_end(pid, timeout_s=10):
    """Wait until `pid` ended; a zombie has, whoever is to reap it."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], timeout_s)[0])
    finally:
        os.close(pidfd)


@pytest.mark.parametrize("huge_pages", [False, True])
@pytest.mark.parametrize("features", [CLASSIC, PROPOSED])
def test_inflating_shrinks_the_resident_set_and_harms_no_other_page(features, huge_pages):
    with ProcessHost(SIZE_BYTES, huge_pages=huge_pages) as host:
        assert host.negotiate(features) == features
        before_bytes = host.resident_bytes()
        assert before_bytes == SIZE_BYTES
        chunks = pack_chunks(BALLOONED)
        messages = [encode_chunks(chunks)]
        if features == CLASSIC:
            messages = list(pfn_messages(BALLOONED))
        inflate = channel(host)
        for message in messages:
            inflate.send(message)
        books = host.counters()
        assert (books.messages, books.pages) == (len(messages), len(BALLOONED))
        assert books.releases == (len(BALLOONED) if features == CLASSIC else len(chunks))
        assert host.verify(chunks) == (len(BALLOONED), 0, PAGES - len(BALLOONED), 0)
        assert before_bytes - host.resident_bytes() == 4096 * len(BALLOONED)


def test_populating_reports_progress_to_the_end():
    seen = []
    with ProcessHost(SIZE_BYTES, progress=lambda *step: seen.append(step)):
        assert seen == [(SIZE_BYTES, SIZE_BYTES)]


def test_deflate_has_its_own_queue(host):
    channel(host).send(encode_chunks([(0, 100)]))
    channel(host, Queue.DEFLATE).send(encode_chunks([(0, 40)]))
    assert host.counters().ballooned_pages == 60
    assert host.resident_bytes() == SIZE_BYTES - 100 * 4096


def test_after_a_reset_new_channels_work(host):
    channel(host).send(encode_chunks([(0, 100)]))
    host.reset()
    host.negotiate(CLASSIC)
    channel(host).send(encode_pfns([200]))
    books = host.counters()
    assert (books.pages, books.ballooned_pages) == (101, 1)


def test_a_check_outside_ram_is_refused_and_the_device_lives_on(host):
    with pytest.raises(ValueError, match=r"\(0x4000, 0x1\): not in the guest's RAM"):
        host.verify([(PAGES, 1)])
    assert host.counters().messages == 0


def test_more_than_the_machine_has_is_refused_before_a_process_is_made():
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(MemoryLimitError, match="would work"):
        ProcessHost("1TiB")
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_closing_leaves_neither_process_nor_descriptors():
    gc.collect()  # hosts of the tests before
    descriptors = len(os.listdir("/proc/self/fd"))
    host = ProcessHost(SIZE_BYTES)
    assert len(os.listdir("/proc/self/fd")) > descriptors
    host.close()
    host.close()
    assert len(os.listdir("/proc/self/fd")) == descriptors + 1  # the window, while it is in use
    window = host.memory
    assert wait_for_end(host.pid, 0)
    with pytest.raises(DeviceLostError, match="was closed"):
        host.counters()
    del host, window
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_an_interrupt_while_populating_ends_the_process():
    def children():
        text = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
        return {int(pid) for pid in text.split()}

    pids = set()
    others = children()  # such as the resource tracker of a process pool

    def interrupt(done_bytes, total_bytes):
        pids.update(children() - others)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ProcessHost(SIZE_BYTES, progress=interrupt)
    assert pids
    assert all(wait_for_end(pid, 0) for pid in pids)


def test_a_device_killed_in_the_middle_of_a_message_is_a_typed_error(host):
    os.kill(host.pid, signal.SIGSTOP)
    killer = threading.Timer(0.2, os.kill, (host.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(DeviceLostError, match="was killed by signal 9"):
        channel(host).send(encode_chunks([(0, 100)]))
    killer.join()
    with pytest.raises(DeviceLostError):
        host.counters()
    assert not os.path.exists(f"/proc/{host.pid}")


def test_a_device_that_hangs_is_a_timeout_and_can_be_reset_when_it_wakes(host):
    os.kill(host.pid, signal.SIGSTOP)
    with pytest.raises(AckTimeoutError):
        channel(host).send(encode_chunks([(0, 100)]), timeout_s=0.1)
    os.kill(host.pid, signal.SIGCONT)
    host.reset()
    host.negotiate(PROPOSED)
    channel(host).send(encode_chunks([(200, 5)]))
    assert host.counters().ballooned_pages == 5


def test_an_interrupted_question_does_not_answer_the_next_one(host):
    os.kill(host.pid, signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(KeyboardInterrupt):
        host.resident_bytes()
    signal.signal(signal.SIGALRM, before)
    os.kill(host.pid, signal.SIGCONT)
    assert host.counters().messages == 0
    assert host.resident_bytes() == SIZE_BYTES


PARENT = """
import sys, time
from balloonkit.host.process import ProcessHost
host = ProcessHost(64 << 20)
print(host.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_its_parent_is_killed_the_device_ends(how):
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(how)
    assert wait_for_end(pid)


def test_a_device_made_in_a_thread_outlives_the_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(ProcessHost(SIZE_BYTES)))
    thread.start()
    thread.join()
    with made[0] as host:
        time.sleep(0.1)
        assert host.counters().messages == 0


def test_a_device_process_that_cannot_start_leaves_no_descriptor(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no more processes")

    gc.collect()
    monkeypatch.setattr(subprocess, "Popen", refuse)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(OSError, match="no more processes"):
            ProcessHost(SIZE_BYTES)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
