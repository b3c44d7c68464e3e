"""QEMU as a child process that cannot outlive its parent or leave a file behind.

Command channel, QMP and log are file descriptors QEMU inherits: sockets without a name and files
already unlinked. So even ``kill -9`` of either side leaves nothing to clean up.
"""

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import tempfile
from pathlib import Path

from balloonkit.live.assets import Assets
from balloonkit.live.trace import EVENTS, BalloonTrace, parse_trace

__all__ = ["QemuProcess"]

_LAST_WORDS_LINES = 6
_EXIT_TIMEOUT_S = 1.0
_TRACE_LINE = re.compile(rb"^(?:" + "|".join(EVENTS).encode() + rb")[ @].*\n", re.MULTILINE)


class QemuProcess:
    """A running QEMU with one vCPU in software emulation, and the open ends to it.

    The thread that creates it must live as long as the guest: Linux delivers the parent-death
    signal when the creating *thread* ends (``prctl(2)``, PR_SET_PDEATHSIG).

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
    """

    def __init__(
        self,
        assets: Assets,
        initramfs: bytes,
        memory_bytes: int,
        kernel_options: str,
        reporting: bool,
    ) -> None:
        self.memory_bytes = memory_bytes
        self.qmp_socket, qmp_fd = socket.socketpair()
        self.port_socket, port_fd = socket.socketpair()
        self._log = tempfile.TemporaryFile()
        # QEMU must go on at the new end after we truncate, not at its old offset.
        fcntl.fcntl(self._log, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)
        self._console = tempfile.TemporaryFile()
        with tempfile.TemporaryFile() as disk, qmp_fd, port_fd:
            disk.write(initramfs)
            disk.flush()
            fds = [end.fileno() for end in (qmp_fd, port_fd, disk, self._console)]
            command = ["setpriv", "--pdeathsig", "KILL", str(assets.qemu)]
            command += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
            command += ["-accel", "tcg", "-cpu", "max", "-smp", "1"]
            command += ["-machine", "q35,memory-backend=ram"]
            command += ["-object", f"memory-backend-ram,id=ram,size={memory_bytes}"]
            command += ["-m", f"{memory_bytes}B"]
            command += ["-kernel", str(assets.kernel), "-initrd", f"/proc/self/fd/{fds[2]}"]
            command += ["-append", f"console=ttyS0 quiet panic=-1 nokaslr {kernel_options}"]
            command += ["-chardev", f"file,id=tty,path=/proc/self/fd/{fds[3]},append=on"]
            command += ["-serial", "chardev:tty"]
            command += ["-chardev", f"socket,id=qmp,fd={fds[0]}", "-mon", "qmp,mode=control"]
            command += ["-chardev", f"socket,id=port,fd={fds[1]}"]
            command += ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port"]
            balloon = f"free-page-reporting={'on' if reporting else 'off'}"
            command += ["-device", f"virtio-balloon-pci,id=balloon,{balloon}"]
            for event in EVENTS:
                command += ["-trace", event]
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, pass_fds=fds
            )

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        return self._child.pid

    def ended(self) -> bool:
        """Say whether QEMU is gone."""
        return self._child.poll() is not None

    def drain_trace(self) -> BalloonTrace:
        """Return what QEMU traced since the last call, and give the space back to the disk."""
        descriptor = self._log.fileno()
        log = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        os.ftruncate(descriptor, 0)
        return parse_trace(log)

    def ram_mapping(self) -> tuple[int, int]:
        """Return where guest RAM is mapped in QEMU and how much of it is resident, in bytes."""
        smaps = Path(f"/proc/{self.pid}/smaps").read_text()
        for start, end, resident_kib in re.findall(
            r"^([0-9a-f]+)-([0-9a-f]+) rw-p .*\n(?:(?!Rss).*\n)*Rss: +(\d+) kB", smaps, re.MULTILINE
        ):
            if int(end, 16) - int(start, 16) == self.memory_bytes:
                return int(start, 16), int(resident_kib) << 10
        raise LookupError(f"no mapping of {self.memory_bytes} bytes in QEMU, pid {self.pid}")

    def last_words(self) -> str:
        """Return how QEMU ended, if it has, and the last lines of its log and the console."""
        # Its sockets close a moment before its status is there.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_TIMEOUT_S)
        status = self._child.poll()
        if status is None:
            how = f"QEMU (pid {self.pid}) runs"
        elif status < 0:
            how = f"QEMU (pid {self.pid}) was ended by signal {-status}"
        else:
            how = f"QEMU (pid {self.pid}) exited with status {status}"
        lines = []
        for file in (self._log, self._console):
            text = os.pread(file.fileno(), 1 << 30, 0)
            lines += _TRACE_LINE.sub(b"", text).decode(errors="replace").split("\n")
        spoken = [line.strip() for line in lines if line.strip()]
        return "\n  ".join([how, *spoken[-_LAST_WORDS_LINES:]])

    def close(self) -> None:
        """Kill QEMU, which has nothing to save, and close every descriptor."""
        self._child.kill()
        self._child.wait()
        self.qmp_socket.close()
        self.port_socket.close()
        self._log.close()
        self._console.close()
