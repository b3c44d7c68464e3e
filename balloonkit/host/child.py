"""The device's process: started with what it shares, asked over a socket pair, and ended."""

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

__all__ = ["DeviceLostError", "DeviceProcess"]

_PACKAGE_PARENT = str(Path(__file__).parents[2])
#: The longest wait for an answer: checking every page of a big guest takes some seconds, and so
#: may each part of it that is populated.
_ANSWER_TIMEOUT_S = 60.0
_CLOSE_TIMEOUT_S = 5.0


class DeviceLostError(RuntimeError):
    """The device's process is gone, and the memory it held with it."""


class DeviceProcess:
    """A process that runs `balloonkit.host.process_main`.

    Parameters
    ----------
    shared_fds : sequence of int
        Files it inherits, in the sequence it expects them; closed here when it ends.

    Attributes
    ----------
    pid : int

    Examples
    --------
    >>> process = DeviceProcess(shared_fds)  # doctest: +SKIP
    >>> process.ask("resident_bytes")  # doctest: +SKIP
    16777216
    """

    def __init__(self, shared_fds: Sequence[int]) -> None:
        self._control, child_end = Pipe()
        window_fd, *event_fds = shared_fds
        inherited = [window_fd, child_end.fileno(), *event_fds]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "balloonkit.host.process_main"]
                + [str(fd) for fd in inherited],
                pass_fds=inherited,
                env=os.environ | {"PYTHONPATH": _python_path()},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt in a terminal or notebook is ours alone
            )
        except BaseException:
            for fd in shared_fds:
                os.close(fd)
            self._control.close()
            raise
        finally:
            child_end.close()
        self._finalizer = weakref.finalize(
            self, _shut_down, self._process, self._control, list(shared_fds)
        )
        self.pid = self._process.pid
        self._asked = 0

    def fileno(self) -> int:
        """Return the socket's file: readable unasked, the process is gone."""
        return self._control.fileno()

    def ask(self, question: str, *arguments: object) -> Any:
        """Put a question, and return the answer; an answer that is an error is raised."""
        self._asked += 1
        self.send((self._asked, question, *arguments))
        while True:
            asked, answer = self.receive()
            if asked == self._asked:  # else what an interrupted question left behind
                break
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send(self, message: object) -> None:
        """Send something that has no answer of its own."""
        try:
            self._control.send(message)
        except OSError as error:
            raise self.lost() from error

    def receive(self) -> Any:
        """Return what the process says next.

        Raises
        ------
        TimeoutError
            If it says nothing for a minute.
        DeviceLostError
            If it is gone.
        """
        try:
            if not self._control.poll(_ANSWER_TIMEOUT_S):
                raise TimeoutError(
                    f"device process {self.pid}: no answer in {_ANSWER_TIMEOUT_S:g} s, "
                    "is it stopped? close the host and make a new one"
                )
            answer = self._control.recv()
        except TimeoutError:
            raise
        except (EOFError, OSError) as error:
            raise self.lost() from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def lost(self) -> DeviceLostError:
        """Say how the process went."""
        if not self._finalizer.alive:
            return DeviceLostError(f"device process {self.pid} was closed")
        try:
            code = self._process.wait(_CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return DeviceLostError(f"device process {self.pid} closed its socket")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        return DeviceLostError(f"device process {self.pid} {how}: make a new host")

    def close(self) -> None:
        """End the process and close what was shared; more than once does no harm."""
        self._finalizer()


def _python_path() -> str:
    """Put the package this process runs first, wherever it was imported from."""
    return os.pathsep.join(filter(None, [_PACKAGE_PARENT, os.environ.get("PYTHONPATH")]))


def _shut_down(
    process: subprocess.Popen[bytes], control: "Connection[Any, Any]", owned_fds: list[int]
) -> None:
    control.close()
    for fd in owned_fds:
        os.close(fd)
    try:
        process.wait(_CLOSE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
