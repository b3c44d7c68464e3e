"""QMP from code that is not asynchronous, in a notebook too.

``qemu.qmp`` speaks asyncio, and a notebook's main thread already runs an event loop, in which its
own synchronous wrapper cannot work. So a thread of ours runs the loop, and QEMU is created in it:
`QemuProcess` says why the creating thread must stay.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from threading import Thread, current_thread
from typing import Any

from qemu.qmp import ExecuteError, QMPClient, QMPError

from balloonkit.live.errors import (
    GuestDiedError,
    GuestTimeoutError,
    LiveError,
    RefusedError,
)
from balloonkit.live.process import QemuProcess

__all__ = ["QemuLink"]

_ANSWER_TIMEOUT_S = 10.0


class QemuLink:
    """A QEMU and its monitor, both owned by a background thread.

    Parameters
    ----------
    start : callable
        Creates the process; called in the background thread.
    """

    def __init__(self, start: Callable[[], QemuProcess]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="balloonkit-qmp", daemon=True)
        self._thread.start()
        self._client = QMPClient("balloonkit")
        # Its errors are raised as ours; its log would print them a second time.
        self._client.logger.disabled = True
        try:
            self.process = asyncio.run_coroutine_threadsafe(_call(start), self._loop).result()
        except BaseException:
            self._end_thread()
            raise
        try:
            self._wait(self._client.connect, self.process.monitor)
        except BaseException:
            self.close()
            raise

    def execute(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and return its answer.

        Raises
        ------
        RefusedError
            If QEMU answers with an error; the text is QEMU's.
        GuestDiedError
            If QEMU is gone.
        GuestTimeoutError
            If it hangs.
        """
        return self._wait(self._client.execute, command, arguments)

    def read_kernel(self, address: int, size_bytes: int) -> bytes:
        """Read the guest kernel's virtual memory, without the guest taking part.

        Raises
        ------
        RefusedError
            If nothing is mapped there.
        GuestDiedError
            If QEMU is gone.
        """
        # QEMU writes to a file by name, and this one has none but here.
        with open(os.memfd_create("guest-memory"), "r+b") as file:
            self.execute(
                "memsave",
                val=address - 2**64 if address >= 2**63 else address,  # QMP integers are signed
                size=size_bytes,
                filename=f"/proc/{os.getpid()}/fd/{file.fileno()}",
            )
            return file.read()

    def close(self) -> None:
        """End QEMU, the connection and the thread."""
        if current_thread() is self._thread:
            # The garbage collector ends a forgotten guest from whatever thread it runs in; this
            # one cannot wait for itself.
            Thread(target=self.close).start()
            return
        with contextlib.suppress(LiveError):
            self._wait(self._client.disconnect)
        self.process.close()
        self._end_thread()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Callable[..., Coroutine[Any, Any, Any]], *arguments: object) -> Any:
        if self._loop.is_closed():
            raise GuestDiedError(self.process.last_words())
        limited = asyncio.wait_for(work(*arguments), _ANSWER_TIMEOUT_S)
        try:
            return asyncio.run_coroutine_threadsafe(limited, self._loop).result()
        except TimeoutError as error:
            raise GuestTimeoutError(f"QEMU gave no answer in {_ANSWER_TIMEOUT_S:g} s") from error
        except ExecuteError as error:
            raise RefusedError(f"QEMU refused: {error}") from error
        except (QMPError, EOFError, OSError) as error:
            raise GuestDiedError(self.process.last_words()) from error


async def _call(start: Callable[[], QemuProcess]) -> QemuProcess:
    return start()
