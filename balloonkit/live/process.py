"""QEMU as a child process that cannot outlive its parent or leave a file behind.

Command port, monitor, disk and log are descriptors QEMU inherits: sockets without a name, and files
without one. So even ``kill -9`` of either side leaves nothing to clean up.
"""

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from balloonkit.host.shared import SharedRelease
from balloonkit.live.assets import Assets
from balloonkit.live.doorbell import Doorbell
from balloonkit.live.trace import EVENTS, BalloonTrace, parse_trace

__all__ = ["QemuProcess"]

_LAST_WORDS_LINES = 6
_LAST_WORDS_BYTES = 1 << 16
_EXIT_TIMEOUT_S = 1.0
#: All that TCG emulates but 16-byte compare-and-exchange: with it 6 of 13 boots of Linux 6.12 under
#: QEMU 7.2 died, without it 0 of 12 (measured).
_CPU = "max,-cx16"
#: nokaslr: the kernel sits at the same place in every run. no_timer_check: it panics when its timer
#: seems not to tick, as on a host so busy that the emulation stands still meanwhile.
_KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 nokaslr no_timer_check"


class QemuProcess:
    """A running QEMU with one vCPU in software emulation, and our ends of its channels.

    The thread that creates it must live as long as the guest: Linux sends the parent-death signal
    when the creating *thread* ends (``prctl(2)``, PR_SET_PDEATHSIG).

    Parameters
    ----------
    assets : Assets
        QEMU and the kernel.
    initramfs : bytes
        The guest's disk.
    memory_bytes : int
        Guest RAM.
    kernel_options : str
        Appended to the kernel command line.
    reporting : bool
        Offer VIRTIO_BALLOON_F_REPORTING.
    memory : SharedRelease, optional
        A memory file to take as guest RAM, instead of private memory.
    doorbell : Doorbell, optional
        The window of a host of ours, which takes the place of QEMU's balloon.
    """

    def __init__(
        self,
        assets: Assets,
        initramfs: bytes,
        memory_bytes: int,
        kernel_options: str,
        reporting: bool,
        memory: SharedRelease | None = None,
        doorbell: Doorbell | None = None,
    ) -> None:
        self.memory_bytes = memory_bytes
        self._memory = memory
        self._drained_bytes = 0  # of the log, read already
        with contextlib.ExitStack() as on_failure:
            self._files = on_failure
            self._log = on_failure.enter_context(_appending_file())
            self._console = on_failure.enter_context(_appending_file())
            self.monitor, monitor = map(on_failure.enter_context, socket.socketpair())
            self.port, port = map(on_failure.enter_context, socket.socketpair())
            disk = on_failure.enter_context(open(os.memfd_create("initramfs"), "wb"))
            disk.write(initramfs)
            disk.flush()
            ram = f"size={memory_bytes}"
            if memory is None:
                ram = f"memory-backend-ram,id=ram,{ram}"
            else:
                path = f"/proc/self/fd/{memory.fd}"
                ram = f"memory-backend-file,id=ram,mem-path={path},share=on,{ram}"
            options = {
                "-accel": "tcg",
                "-cpu": _CPU,
                "-smp": "1",
                "-machine": "q35,memory-backend=ram",
                "-object": ram,
                "-m": f"{memory_bytes}B",
                "-kernel": str(assets.kernel),
                "-initrd": f"/proc/self/fd/{disk.fileno()}",
                "-append": f"{_KERNEL_OPTIONS} {kernel_options}",
                "-display": "none",
                "-serial": "chardev:console",
                "-mon": "monitor,mode=control",
            }
            channels: dict[str, Sequence[str]] = {
                "-chardev": [
                    f"file,id=console,path=/proc/self/fd/{self._console.fileno()},append=on",
                    f"socket,id=monitor,fd={monitor.fileno()}",
                    f"socket,id=port,fd={port.fileno()}",
                ],
                "-device": ["virtio-serial-pci", "virtserialport,chardev=port"],
                "-trace": EVENTS,
            }
            command = ["setpriv", "--pdeathsig", "KILL", str(assets.qemu)]
            command += ["-nodefaults", "-no-user-config", "-no-reboot"]
            command += [word for option in options.items() for word in option]
            command += [
                word for key in channels for value in channels[key] for word in (key, value)
            ]
            if doorbell is None:
                reported = "on" if reporting else "off"
                balloon = f"virtio-balloon-pci,id=balloon,free-page-reporting={reported}"
                command += ["-device", balloon]
            else:
                command += doorbell.qemu_options()
            inherited = [end.fileno() for end in (self._console, monitor, port, disk)]
            inherited += [memory.fd] if memory else []
            inherited += [doorbell.qemu_end.fileno()] if doorbell else []
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                process_group=0,  # an interrupt from the keyboard is meant for Python alone
                pass_fds=inherited,
            )
            for theirs in (monitor, port, disk):
                theirs.close()
            self._files = on_failure.pop_all()

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        return self._child.pid

    def check_running(self) -> None:
        """Notice that QEMU is gone.

        Raises
        ------
        EOFError
            If it is, or after `close`.
        """
        if self._log.closed or self._child.poll() is not None:
            raise EOFError("QEMU is gone")

    def drain_trace(self) -> BalloonTrace:
        """Return what QEMU traced since the last call, and give the space back to the disk.

        Raises
        ------
        EOFError
            After `close`.
        """
        if self._log.closed:
            raise EOFError("QEMU was closed")
        log_fd = self._log.fileno()
        # Opened anew: QEMU writes through our own file's position, and would move it as we read.
        with open(f"/proc/self/fd/{log_fd}", "rb") as log:
            log.seek(self._drained_bytes)
            trace = parse_trace(self._whole_lines(log))
        # A guest that moves pages while we look adds lines: those stay for the next look.
        if os.fstat(log_fd).st_size == self._drained_bytes:
            self.forget_trace()
        return trace

    def forget_trace(self) -> None:
        """Give the log's space back unread: on a full disk its last line is never written whole."""
        os.ftruncate(self._log.fileno(), 0)
        self._drained_bytes = 0

    def _whole_lines(self, log: BinaryIO) -> Iterator[bytes]:
        """Read on to the last line that is written to its end."""
        for line in log:
            if not line.endswith(b"\n"):
                return
            self._drained_bytes += len(line)
            yield line

    def resident_bytes(self) -> int:
        """Return how much of the guest's RAM is resident.

        Raises
        ------
        LookupError
            If QEMU has no mapping of the guest's size.
        """
        if self._memory is not None:
            self.check_running()
            return self._memory.resident_bytes()
        smaps = Path(f"/proc/{self.pid}/smaps").read_text()
        mappings = r"^([0-9a-f]+)-([0-9a-f]+) rw-p .*\n(?:(?!Rss).*\n)*Rss: +(\d+) kB"
        for start, end, resident_kib in re.findall(mappings, smaps, re.MULTILINE):
            if int(end, 16) - int(start, 16) == self.memory_bytes:
                return int(resident_kib) << 10
        raise LookupError(f"no mapping of {self.memory_bytes} bytes in QEMU, pid {self.pid}")

    def last_words(self) -> str:
        """Return how QEMU ended, if it has, and the last lines of its log and the console."""
        if self._log.closed:
            return f"this guest (QEMU pid {self.pid}) was closed"
        # Its sockets close a moment before its status is there.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_TIMEOUT_S)
        status = self._child.poll()
        if status is None:
            how = f"QEMU (pid {self.pid}) still runs"
        elif status < 0:
            how = f"QEMU (pid {self.pid}) was ended by signal {-status}"
        else:
            how = f"QEMU (pid {self.pid}) exited with status {status}"
        lines = [line for file in (self._log, self._console) for line in _tail(file)]
        spoken = [line for line in lines if not any(event in line for event in EVENTS)]
        # The reason for a panic comes before pages of registers.
        reason = [line for line in spoken[:-_LAST_WORDS_LINES] if "Kernel panic" in line]
        return "\n  ".join([how, *reason, *spoken[-_LAST_WORDS_LINES:]])

    def close(self) -> None:
        """Kill QEMU, which has nothing to save, and close every channel."""
        self._child.kill()
        self._child.wait()
        self._files.close()


def _appending_file() -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115 the process closes it
    # After we truncate it, QEMU must go on at the new end, not at its old offset.
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)
    return file


def _tail(file: BinaryIO) -> list[str]:
    size_bytes = os.fstat(file.fileno()).st_size
    text = os.pread(file.fileno(), _LAST_WORDS_BYTES, max(size_bytes - _LAST_WORDS_BYTES, 0))
    return [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
