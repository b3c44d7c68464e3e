"""QMP from code that is not asynchronous, in a notebook too.

``qemu.qmp`` speaks asyncio, and a notebook's main thread already runs an event loop, in which its
own synchronous wrapper cannot work. So a thread of ours runs the loop, and QEMU is created in it:
see `QemuProcess` for why the creating thread must stay.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Thread
from typing import Any, TypeVar

from qemu.qmp import QMPClient, QMPError

from balloonkit.live.errors import GuestDied, GuestTimeout, LiveError
from balloonkit.live.process import QemuProcess

__all__ = ["QemuLink"]

_T = TypeVar("_T")
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
        self.process: QemuProcess | None = None
        try:
            self.process = self._wait(self._start(start))
            self._wait(self._client.connect(self.process.qmp_socket))
        except BaseException:
            self.close()
            raise

    def execute(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and return its answer.

        Raises
        ------
        GuestDied
            If QEMU is gone.
        """
        return self._wait(self._client.execute(command, arguments))

    def close(self) -> None:
        """End QEMU, the connection and the thread; safe to call twice."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(LiveError, QMPError, EOFError, OSError):
            self._wait(self._client.disconnect())
        if self.process:
            self.process.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _start(start: Callable[[], QemuProcess]) -> QemuProcess:
        return start()

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(_ANSWER_TIMEOUT_S)
        except FutureTimeout as error:
            future.cancel()
            raise GuestTimeout(f"QEMU did not answer in {_ANSWER_TIMEOUT_S:g} s") from error
        except (QMPError, EOFError, OSError) as error:
            if self.process is None:
                raise
            raise GuestDied(self.process.last_words()) from error
