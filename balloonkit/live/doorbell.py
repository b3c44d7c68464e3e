"""A window of memory, kicks and interrupts between Python and a guest: QEMU's ivshmem-doorbell.

QEMU's device wants a server that tells it the shared memory and the eventfds of its peers
(QEMU ``docs/specs/ivshmem-spec``). All a server for one guest has to say is known before QEMU
starts, so there is none: the messages wait in a socket pair. Each is a little-endian signed 64-bit
number, some with a descriptor. The window is the kit's own queue window, a kick is an eventfd as
between the kit's processes, and an eventfd written here is an MSI-X interrupt in the guest.
"""

import contextlib
import mmap
import os
import socket
import struct
from enum import IntEnum

from balloonkit.wire.channel import WINDOW_BYTES
from balloonkit.wire.queue import Queue

__all__ = ["STATUS_KICK", "Doorbell", "Interrupt"]

#: The guest's kick that says "look at the first page": one behind the queues' own.
STATUS_KICK = len(Queue)
_PROTOCOL_VERSION = 0
_HOST_PEER, _GUEST_PEER = 0, 1
_MEMORY_FOLLOWS = -1
_NUMBER = struct.Struct("<q")


class Interrupt(IntEnum):
    """The guest's interrupts, by MSI-X vector."""

    CONFIG = 0
    ACK = 1


class Doorbell:
    """The host's end of one ivshmem device, and the socket QEMU reads its set-up from.

    Attributes
    ----------
    memory : memoryview
        The window, `WINDOW_BYTES` long.
    kicks : dict of int to int
        The eventfd of each vector the guest may ring: the queues', then `STATUS_KICK`.
    qemu_end : socket
        To be inherited by QEMU, as the device's chardev.

    Examples
    --------
    >>> with Doorbell() as doorbell:
    ...     len(doorbell.memory), sorted(doorbell.kicks)
    (126976, [0, 1, 2, 3])
    """

    #: MSI-X vectors QEMU's device needs: the most any peer has.
    vectors = STATUS_KICK + 1

    def __init__(self) -> None:
        with contextlib.ExitStack() as on_failure:
            self._files = on_failure
            fd = os.memfd_create("balloonkit-window", os.MFD_CLOEXEC)
            on_failure.callback(os.close, fd)
            # The size of a PCI memory region is a power of two.
            os.ftruncate(fd, 1 << (WINDOW_BYTES - 1).bit_length())
            mapping = on_failure.enter_context(mmap.mmap(fd, WINDOW_BYTES))
            self.memory = on_failure.enter_context(memoryview(mapping))
            self.kicks = {vector: self._eventfd() for vector in range(self.vectors)}
            self._interrupts = {interrupt: self._eventfd() for interrupt in Interrupt}
            # Ours stays open: QEMU would take its end for the server's.
            server, self.qemu_end = map(on_failure.enter_context, socket.socketpair())
            _tell(server, _PROTOCOL_VERSION)
            _tell(server, _GUEST_PEER)
            _tell(server, _MEMORY_FOLLOWS, fd)
            for peer, events in ((_HOST_PEER, self.kicks), (_GUEST_PEER, self._interrupts)):
                for event in events.values():
                    _tell(server, peer, event)
            self._files = on_failure.pop_all()

    def __enter__(self) -> "Doorbell":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every descriptor, and the window for whoever still looks at it."""
        self._files.close()

    def interrupt(self, interrupt: Interrupt) -> None:
        """Raise an interrupt in the guest."""
        os.eventfd_write(self._interrupts[interrupt], 1)

    def kick(self, vector: int) -> None:
        """Ring as the guest does."""
        os.eventfd_write(self.kicks[vector], 1)

    def qemu_options(self) -> list[str]:
        """Return the words of QEMU's command line that make the device."""
        return [
            *("-chardev", f"socket,id=doorbell,fd={self.qemu_end.fileno()}"),
            *("-device", f"ivshmem-doorbell,chardev=doorbell,vectors={self.vectors}"),
        ]

    def _eventfd(self) -> int:
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._files.callback(os.close, fd)
        return fd


def _tell(server: socket.socket, number: int, *fds: int) -> None:
    if fds:
        socket.send_fds(server, [_NUMBER.pack(number)], list(fds))
    else:
        server.sendall(_NUMBER.pack(number))
