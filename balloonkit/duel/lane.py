"""A lane: some of a duel's cases, asked one after the other of devices of its own.

An exchange is half the kernel's work for QEMU and half ours, and one waits for the other. So a
longer duel has a second lane, in a process of its own: threads of one process would share one
memory map, and each page QEMU releases would stop the other's processor.
"""

import mmap
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import numpy as np

from balloonkit.duel.arena import Arena
from balloonkit.duel.families import FAMILIES
from balloonkit.duel.found import Duel
from balloonkit.duel.script import Script

__all__ = ["DuelLane", "OtherLane", "other_process", "run_lane"]

_COUNT_BYTES = 8


@dataclass(frozen=True)
class DuelLane:
    """Which cases: their numbers in the duel, and each one's family."""

    qemu: str | None
    qemu_version: str
    seed: int
    members: tuple[tuple[int, str], ...]


def run_lane(lane: DuelLane, one_more: Callable[[], None]) -> Duel:
    """Ask both devices for each case of a lane; `one_more` is called before each."""
    duel = Duel(lane.qemu_version, lane.seed)
    with ExitStack() as stack:
        arenas: dict[str, Arena] = {}
        for number, name in lane.members:
            one_more()
            if name in duel.skipped:
                continue
            family = FAMILIES[name]
            arena = arenas.get(family.setup.name)
            if arena is None:
                try:
                    arena = Arena(family.setup, lane.qemu)
                except OSError as error:
                    duel.skipped |= {
                        other: f"set-up {family.setup.name!r}: {error.strerror or error}"
                        for _, other in lane.members
                        if FAMILIES[other].setup == family.setup
                    }
                    continue
                stack.callback(arena.close)
                arenas[family.setup.name] = arena
            script = Script(name, arena.available, np.random.default_rng([lane.seed, number]))
            family.write(script)
            case = script.case()
            duel.note(case, *arena.run(case))
    return duel


class OtherLane:
    """A lane in a process of its own, which ends with ours.

    Parameters
    ----------
    lane : DuelLane
    """

    def __init__(self, lane: DuelLane) -> None:
        count_fd = os.memfd_create("balloonkit-duel-count", os.MFD_CLOEXEC)
        os.ftruncate(count_fd, _COUNT_BYTES)
        self._count = mmap.mmap(count_fd, _COUNT_BYTES)
        program = f"from {__name__} import other_process; other_process({count_fd})"
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", program]
        with os.fdopen(count_fd):
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[count_fd]
            )
        tell = self._process.stdin
        assert tell is not None
        with suppress(BrokenPipeError), tell:  # `result` says what became of it
            pickle.dump(lane, tell)

    @property
    def done(self) -> int:
        """How many cases it has begun."""
        return int.from_bytes(self._count, "little")

    def result(self) -> Duel:
        """Wait for what it found.

        Raises
        ------
        RuntimeError
            If it ended without; it has said why on the standard error.
        """
        listen = self._process.stdout
        assert listen is not None
        said = listen.read()
        if (status := self._process.wait()) != 0:
            raise RuntimeError(f"the duel's second process ended with {status}: see above")
        found = pickle.loads(said)
        assert isinstance(found, Duel)
        return found

    def close(self) -> None:
        """End it, wherever it is."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def other_process(count_fd: int) -> None:
    """Be the process of an `OtherLane`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the one that started us
    lane = pickle.load(sys.stdin.buffer)
    count = mmap.mmap(count_fd, _COUNT_BYTES)

    def one_more() -> None:
        count[:] = (int.from_bytes(count, "little") + 1).to_bytes(_COUNT_BYTES, "little")

    pickle.dump(run_lane(lane, one_more), sys.stdout.buffer)
