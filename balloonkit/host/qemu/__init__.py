"""QEMU's own balloon device as a host: no guest, no kernel, no accelerator, only the device.

``-qtest`` lets a program do to QEMU's devices what a processor would. The vCPU never runs: this
package sets the device up, writes the kit's rings into its memory, and kicks.
"""

from balloonkit.host.qemu.emulator import (
    EmulatorLostError,
    NoEmulatorError,
    find_qemu,
    qemu_version,
)
from balloonkit.host.qemu.host import QemuHost, WindowGivenError
from balloonkit.host.qemu.qtest import QtestError

__all__ = [
    "EmulatorLostError",
    "NoEmulatorError",
    "QemuHost",
    "QtestError",
    "WindowGivenError",
    "find_qemu",
    "qemu_version",
]
