"""QEMU's qtest protocol: one line of text asks, one line answers.

A client reads and writes the machine's memory and I/O ports as its processor would (QEMU,
``docs/devel/testing/qtest.rst`` and ``softmmu/qtest.c``). An access to a device is done before
its answer comes: a kick has been served when it is acknowledged.
"""

import socket
from collections.abc import Sequence

__all__ = ["QtestClient", "QtestError", "read_command", "write_command"]

#: Commands sent before their answers are read. QEMU answers each before it reads on: with more,
#: both sides may wait for the other to read.
_IN_FLIGHT = 256
#: An access takes microseconds; a kick that makes QEMU serve 65,535 stale entries, a second.
_ANSWER_TIMEOUT_S = 60.0
_RECEIVE_BYTES = 1 << 16


class QtestError(RuntimeError):
    """QEMU does not answer as the protocol says; shows the command and what came back."""


class QtestClient:
    """The asking end of a qtest connection.

    Parameters
    ----------
    connection : socket
        QEMU holds the other end. It is closed by whoever made it.

    Examples
    --------
    >>> ours, theirs = socket.socketpair()
    >>> theirs.sendall(b"OK 0x10451af4\\n")
    >>> hex(QtestClient(ours).ask("inl 0xcfc"))
    '0x10451af4'
    >>> theirs.recv(100)
    b'inl 0xcfc\\n'
    >>> ours.close(), theirs.close()
    (None, None)
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(_ANSWER_TIMEOUT_S)
        self._received = b""

    def ask(self, command: str) -> int:
        """Send one command and return the number it answers; 0 where it answers none.

        Raises
        ------
        QtestError
            If QEMU refuses the command or goes away.
        """
        return self.ask_all([command])[0]

    def ask_all(self, commands: Sequence[str]) -> list[int]:
        """Send commands together, which saves the way there and back for each, in their order."""
        answers: list[int] = []
        for start in range(0, len(commands), _IN_FLIGHT):
            part = commands[start : start + _IN_FLIGHT]
            try:
                self._connection.sendall(("\n".join(part) + "\n").encode())
            except OSError as error:
                raise QtestError(f"{part[0]!r}: QEMU is gone ({error})") from error
            answers += [self._answer(command) for command in part]
        return answers

    def _answer(self, command: str) -> int:
        while True:
            line, newline, rest = self._received.partition(b"\n")
            if newline:
                self._received = rest
                # An interrupt line that moved is reported between answers; none is wanted here.
                if not line.startswith(b"IRQ"):
                    break
                continue
            try:
                received = self._connection.recv(_RECEIVE_BYTES)
            except TimeoutError as error:
                raise QtestError(f"{command!r}: no answer in {_ANSWER_TIMEOUT_S:g} s") from error
            except OSError as error:
                raise QtestError(f"{command!r}: QEMU is gone ({error})") from error
            if not received:
                raise QtestError(f"{command!r}: QEMU is gone")
            self._received += received
        word, _, value = line.decode(errors="replace").partition(" ")
        if word != "OK":
            raise QtestError(f"{command!r}: QEMU answers {line.decode(errors='replace')!r}")
        return int(value, 0) if value else 0


def read_command(gpa: int, width_bytes: int) -> str:
    """Say: read 1, 2, 4 or 8 bytes at a guest physical address.

    Examples
    --------
    >>> read_command(0x1000, 2)
    'readw 0x1000'
    """
    return f"read{_LETTERS[width_bytes]} {gpa:#x}"


def write_command(gpa: int, width_bytes: int, value: int) -> str:
    """Say: write 1, 2, 4 or 8 bytes at a guest physical address.

    Examples
    --------
    >>> write_command(0x1000, 4, 255)
    'writel 0x1000 0xff'
    """
    return f"write{_LETTERS[width_bytes]} {gpa:#x} {value:#x}"


_LETTERS = {1: "b", 2: "w", 4: "l", 8: "q"}
