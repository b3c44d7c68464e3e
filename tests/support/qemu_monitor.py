"""A running QEMU's monitor for tests that are not asynchronous."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from qemu.qmp.legacy import QEMUMonitorProtocol


class Monitor:
    """QMP in a thread of its own: a browser driven before keeps its event loop in this one."""

    def __init__(self, path):
        self._thread = ThreadPoolExecutor(1, initializer=self._make_loop)
        self._client = self._thread.submit(QEMUMonitorProtocol, path).result()
        self._thread.submit(self._client.connect).result()

    def _make_loop(self):
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def cmd(self, command, **arguments):
        return self._thread.submit(self._client.cmd, command, **arguments).result()

    def close(self):
        self._thread.submit(self._client.close).result()
        self._thread.shutdown()
        self._loop.close()
