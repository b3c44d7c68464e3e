"""A QEMU that is only its devices: stopped at reset, driven over qtest, gone with its parent.

Guest RAM, log and the qtest connection are descriptors QEMU inherits: files and a socket without
names. So even ``kill -9`` of either side leaves nothing to clean up.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import weakref
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from balloonkit.host.qemu.qtest import QtestClient
from balloonkit.host.qemu.ram_file import RamFile

__all__ = ["Emulator", "EmulatorLostError", "NoEmulatorError", "find_qemu", "qemu_version"]

_PROGRAM = "qemu-system-x86_64"
_VERSION_TIMEOUT_S = 30
_LAST_WORDS_BYTES = 2000
_EXIT_TIMEOUT_S = 1.0


class NoEmulatorError(RuntimeError):
    """There is no QEMU to ask; says how to get one."""


class EmulatorLostError(RuntimeError):
    """QEMU is gone, or never came up; shows its last words."""


def find_qemu(path: str | None = None) -> Path:
    """Find QEMU's program for PCs: at `path`, or on PATH.

    Raises
    ------
    NoEmulatorError
        If it is not there, or Linux's ``setpriv``, which ends it with us, is not.

    Examples
    --------
    >>> find_qemu("/nowhere/qemu")
    Traceback (most recent call last):
    balloonkit.host.qemu.emulator.NoEmulatorError: no program /nowhere/qemu: ...
    """
    wanted = path or _PROGRAM
    found = shutil.which(wanted)
    if found is None:
        raise NoEmulatorError(f"no program {wanted}: apt-get install qemu-system-x86, or name it")
    if shutil.which("setpriv") is None:
        raise NoEmulatorError("no program setpriv (package util-linux), which ends QEMU with us")
    return Path(found)


@cache
def qemu_version(qemu: Path) -> str:
    """Ask a QEMU for its version, such as ``"7.2.22"``.

    Raises
    ------
    NoEmulatorError
        If the program answers something else.
    """
    try:
        said = subprocess.run(
            [str(qemu), "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_S
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEmulatorError(f"{qemu} --version: {error}") from error
    version = re.match(r"QEMU emulator version (\d+(?:\.\d+)+)", said)
    if version is None:
        raise NoEmulatorError(f"{qemu} --version: {said[:80]!r} is no answer of QEMU's")
    return version[1]


class Emulator:
    """A q35 machine at reset with one balloon, and our ends of its channels.

    The thread that creates it must live as long as it does: Linux sends the parent-death signal
    when the creating *thread* ends (``prctl(2)``, PR_SET_PDEATHSIG).

    Parameters
    ----------
    qemu : Path
    ram : RamFile
        Guest RAM; the caller closes it.
    low_bytes : int
        How much of it lies below 4 GiB; the rest begins at 4 GiB.
    balloon_address : int
        PCI slot of the balloon.
    options : sequence of str
        More words of QEMU's command line.

    Attributes
    ----------
    qtest : QtestClient

    Raises
    ------
    EmulatorLostError
        If QEMU does not come up, with what it says.

    Examples
    --------
    >>> with RamFile(16 << 20) as ram, Emulator(find_qemu(), ram, 16 << 20, 5) as emulator:
    ...     emulator.qtest.ask("clock_step")  # doctest: +SKIP
    """

    def __init__(
        self,
        qemu: Path,
        ram: RamFile,
        low_bytes: int,
        balloon_address: int,
        options: Sequence[str] = (),
    ) -> None:
        import fcntl  # not everywhere, as the rest of this module is: see `find_qemu`

        with contextlib.ExitStack() as files:
            self._log_fd = os.memfd_create("qemu-log", os.MFD_CLOEXEC)
            files.callback(os.close, self._log_fd)
            # After we cut it, QEMU must go on at the new end, not at its old offset.
            fcntl.fcntl(self._log_fd, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)
            ours, theirs = map(files.enter_context, socket.socketpair())
            backend = f"memory-backend-file,id=ram,share=on,size={ram.size_bytes}"
            command = ["setpriv", "--pdeathsig", "KILL", str(qemu)]
            command += ["-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-S"]
            # Nothing is ever executed: the smallest cache of translated code will do.
            command += ["-accel", "tcg,tb-size=1", "-m", f"{ram.size_bytes}B"]
            command += ["-machine", f"q35,memory-backend=ram,max-ram-below-4g={low_bytes}"]
            command += ["-object", f"{backend},mem-path=/proc/self/fd/{ram.fd}"]
            command += ["-chardev", f"socket,id=qtest,fd={theirs.fileno()}"]
            command += ["-qtest", "chardev:qtest", "-qtest-log", "/dev/null"]
            command += ["-device", f"virtio-balloon-pci,disable-legacy=on,addr={balloon_address}"]
            command += options
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log_fd,
                stderr=self._log_fd,
                process_group=0,  # an interrupt from the keyboard is meant for Python alone
                pass_fds=[ram.fd, theirs.fileno()],
            )
            theirs.close()
            self.pid = self._child.pid
            self.qtest = QtestClient(ours)
            self._finalizer = weakref.finalize(self, _end, self._child, files.pop_all())

    def drain_log(self) -> bytes:
        """Return what QEMU wrote since the last call."""
        size_bytes = os.fstat(self._log_fd).st_size
        if not size_bytes:
            return b""
        text = os.pread(self._log_fd, size_bytes, 0)
        os.ftruncate(self._log_fd, 0)
        return text

    def last_words(self) -> str:
        """Return how QEMU ended, if it has, and the end of what it wrote."""
        if not self._finalizer.alive:
            return "it was closed"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_TIMEOUT_S)  # its socket closes a moment before
        status = self._child.poll()
        ended = "it still runs" if status is None else f"it exited with status {status}"
        if status is not None and status < 0:
            ended = f"it was ended by signal {-status}"
        said = self.drain_log()[-_LAST_WORDS_BYTES:].decode(errors="replace")
        return "\n  ".join([ended, *said.splitlines()])

    def close(self) -> None:
        """Kill QEMU, which has nothing to save; more than once does no harm."""
        self._finalizer()


def _end(child: subprocess.Popen[bytes], files: contextlib.ExitStack) -> None:
    child.kill()
    child.wait()
    files.close()
