"""Commands for the guest's shell and its answers, over a virtio serial port.

The port carries a command line in, its output and a marker line out. It is a queue of buffers, not
a terminal: page flags of a 2 GiB guest (4 MiB) pass in a fraction of a second.
"""

import socket
import time

from balloonkit.live.errors import GuestTimeout, LiveError
from balloonkit.live.initramfs import MARKER

__all__ = ["GuestShell"]

_MARKER = b"\n" + MARKER.encode()
_READ_BYTES = 1 << 20


class GuestShell:
    """The shell loop of the guest's init.

    Parameters
    ----------
    port : socket
        Our end of the guest's port.
    """

    def __init__(self, port: socket.socket) -> None:
        self._port = port

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for the greeting init sends once the guest is up."""
        self._answer("boot", timeout_s)

    def run(self, command: str, timeout_s: float = 30.0) -> bytes:
        """Run one command line in the guest and return what it printed.

        Raises
        ------
        LiveError
            If the command fails; shows its output.
        GuestTimeout
            If no answer comes in time.
        EOFError, OSError
            If QEMU is gone.
        """
        self._port.sendall(command.encode() + b"\n")
        output, status = self._answer(command, timeout_s)
        if status:
            shown = output[-500:].decode(errors="replace").strip()
            raise LiveError(f"in the guest, {command!r} gave status {status}: {shown}")
        return output

    def _answer(self, command: str, timeout_s: float) -> tuple[bytes, int]:
        deadline_s = time.monotonic() + timeout_s
        answer = bytearray(b"\n")
        while True:
            end = answer.rfind(_MARKER)
            if end >= 0 and answer.endswith(b"\n", end + len(_MARKER)):
                return bytes(answer[1:end]), int(answer[end + len(_MARKER) :])
            self._port.settimeout(max(deadline_s - time.monotonic(), 0.001))
            try:
                piece = self._port.recv(_READ_BYTES)
            except TimeoutError as error:
                raise GuestTimeout(
                    f"guest did not finish {command!r} in {timeout_s:g} s"
                ) from error
            if not piece:
                raise EOFError("QEMU closed the port")
            answer += piece
