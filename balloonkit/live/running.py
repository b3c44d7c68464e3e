"""What a guest that is up can be asked, whoever booted it and whatever its balloon does."""

import contextlib
from collections.abc import Iterator

from balloonkit.live.errors import GuestDiedError, GuestTimeoutError
from balloonkit.live.memory import GuestMemory, available_bytes, read_memory
from balloonkit.live.process import QemuProcess
from balloonkit.live.qmp import QemuLink
from balloonkit.live.shell import GuestShell

__all__ = ["RunningGuest"]


class RunningGuest:
    """A guest's shell, its memory as guest and host see it, and its kernel's own memory."""

    _link: QemuLink
    _process: QemuProcess
    _shell: GuestShell

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        return self._process.pid

    def run(self, command: str, timeout_s: float = 30.0) -> str:
        """Run a line in the guest's shell (busybox) and return what it prints.

        Raises
        ------
        LiveError
            If the command fails; shows its output.
        GuestTimeoutError
            If it does not end in time.

        Examples
        --------
        >>> guest.run("head -n 1 /proc/meminfo")  # doctest: +SKIP
        'MemTotal:         480284 kB\\n'
        """
        with self._alive():
            return self._shell.run(command, timeout_s).decode()

    def memory(self) -> GuestMemory:
        """Read the flags of every page of the guest, and its free lists."""
        with self._alive():
            return read_memory(self._shell)

    def resident(self) -> int:
        """Return how much of the guest's RAM is resident on the host, in bytes."""
        with self._alive():
            return self._process.resident_bytes()

    def read_kernel(self, address: int, size_bytes: int) -> bytes:
        """Read the guest kernel's virtual memory, without the guest taking part.

        Raises
        ------
        RefusedError
            If nothing is mapped there.
        """
        return self._link.read_kernel(address, size_bytes)

    def _available_bytes(self) -> int:
        return available_bytes(self.run("cat /proc/meminfo"))

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except GuestTimeoutError as error:
            raise GuestTimeoutError(f"{error}. {self._process.last_words()}") from error
        except (EOFError, OSError, LookupError) as error:
            raise GuestDiedError(self._process.last_words()) from error
