"""What the device's process runs; `balloonkit.host.process` starts it and describes the rest."""

import ctypes
import mmap
import os
import pickle
import select
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.host.device import BalloonDevice
from balloonkit.host.mapping import MappingRelease, Verified
from balloonkit.host.ram import GuestRam
from balloonkit.host.service import QueueService
from balloonkit.wire.channel import WINDOW_BYTES
from balloonkit.wire.features import Feature
from balloonkit.wire.queue import Queue

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Set memory up, then serve kicks and questions until the socket closes."""
    window_fd, control_fd, *events = (int(argument) for argument in arguments)
    kicks = dict(zip(events[: len(Queue)], Queue, strict=True))
    acks = dict(zip(Queue, events[len(Queue) :], strict=True))
    control: Connection[Any, Any] = Connection(control_fd)
    try:
        regions, offered, huge_pages, host_page_bytes, rule, parent_pid = control.recv()
        if parent_pid is not None:
            _die_with(parent_pid)
        ram = GuestRam(regions)
        memory = memoryview(mmap.mmap(window_fd, WINDOW_BYTES))
        with MappingRelease(ram.pages, huge_pages, host_page_bytes) as backend:
            backend.populate(lambda done_bytes, _: control.send(done_bytes))
            device = BalloonDevice(ram, backend, Feature(offered), rule)
            service = QueueService(device, memory)
            control.send(None)
            _serve(control, kicks, acks, service, _questions(device, backend, service))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the other side is gone, and so is the reason to be here
    except Exception as error:
        control.send(error)


def _die_with(parent_pid: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        raise EOFError


def _serve(
    control: "Connection[Any, Any]",
    kicks: dict[int, Queue],
    acks: dict[Queue, int],
    service: QueueService,
    questions: dict[str, Callable[..., Any]],
) -> None:
    poll = select.poll()
    for fd in [control.fileno(), *kicks]:
        poll.register(fd, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            queue = kicks.get(fd)
            if queue is not None:
                os.eventfd_read(fd)
                if service.serve(queue):
                    os.eventfd_write(acks[queue], 1)
            else:
                asked, question, *arguments = control.recv()
                try:
                    answer = questions[question](*arguments)
                except Exception as error:
                    answer = error
                control.send((asked, answer))


def _questions(
    device: BalloonDevice, backend: MappingRelease, service: QueueService
) -> dict[str, Callable[..., Any]]:
    """Name what the other side may ask."""

    def verify(released: NDArray[np.int64]) -> Verified:
        bases, sizes = released[:, 0], released[:, 1]
        outside = ~device.ram.contains(bases, sizes)
        if outside.any():
            base, size = released[outside][0].tolist()
            raise ValueError(f"({base:#x}, {size:#x}): not in the guest's RAM, cannot be verified")
        return backend.verify(*device.ram.translate(bases, sizes))

    def speak(search: list[str], wire_format: bytes) -> None:
        # A learner's module is where the other side found it; an import that fails is its answer.
        sys.path += [folder for folder in search if folder not in sys.path]
        device.speak(pickle.loads(wire_format))

    return {
        "speak": speak,
        "negotiate": lambda driver: int(device.negotiate(Feature(driver))),
        "counters": device.counters,
        "resident_bytes": backend.resident_bytes,
        "verify": verify,
        "reset": service.reset,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
