"""Commands for the guest's shell and its answers, over a virtio serial port.

A command line goes in; its output and a numbered marker line come out. The port is a queue of
buffers, not a terminal: the page flags of a 2 GiB guest (4 MiB) pass in a fraction of a second.
"""

import socket
import time

from balloonkit.live.errors import GuestTimeoutError, LiveError
from balloonkit.live.initramfs import MARKER

__all__ = ["GuestShell"]

_READ_BYTES = 1 << 20
_ERROR_BYTES = 500


class GuestShell:
    """The shell loop of the guest's init.

    Parameters
    ----------
    port : socket
        Our end of the guest's port.
    timeout_s : float
        How long to wait for its greeting, sent when the guest is up.
    """

    def __init__(self, port: socket.socket, timeout_s: float) -> None:
        self._port = port
        self._received = bytearray()
        self._commands = 0
        self._answer("boot", timeout_s)

    def run(self, command: str, timeout_s: float = 30.0) -> bytes:
        """Run one command line in the guest and return what it printed.

        Raises
        ------
        LiveError
            If the command fails; shows its output.
        GuestTimeoutError
            If no answer comes in time; the answer is dropped should it come later.
        EOFError, OSError
            If QEMU is gone.
        """
        self._commands += 1
        self._port.settimeout(timeout_s)
        self._port.sendall(command.encode() + b"\n")
        output, status = self._answer(command, timeout_s)
        if status:
            shown = output[-_ERROR_BYTES:].decode(errors="replace").strip()
            raise LiveError(f"in the guest, {command!r} gave status {status}: {shown}")
        return output

    def _answer(self, command: str, timeout_s: float) -> tuple[bytes, int]:
        """Receive up to the marker of this command, and drop what earlier ones left behind."""
        deadline_s = time.monotonic() + timeout_s
        marker = f"\n{MARKER}{self._commands} ".encode()
        searched = 0
        while True:
            found = self._received.find(marker, searched)
            line_end = self._received.find(b"\n", found + len(marker)) if found >= 0 else -1
            if line_end >= 0:
                break
            searched = max(len(self._received) - len(marker), 0) if found < 0 else found
            self._port.settimeout(max(deadline_s - time.monotonic(), 0.001))
            try:
                piece = self._port.recv(_READ_BYTES)
            except TimeoutError as error:
                raise GuestTimeoutError(f"no answer to {command!r} in {timeout_s:g} s") from error
            if not piece:
                raise EOFError("QEMU closed the port")
            self._received += piece
        status = int(self._received[found + len(marker) : line_end])
        previous = f"\n{MARKER}{self._commands - 1} ".encode()
        left_over = self._received.find(previous, 0, found)
        start = self._received.index(b"\n", left_over + len(previous)) + 1 if left_over >= 0 else 0
        output = bytes(self._received[start:found])
        del self._received[: line_end + 1]
        return output, status
