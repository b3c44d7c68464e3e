"""The guest's whole disk: busybox, the virtio modules and a shell loop, as one cpio archive.

The archive is the "newc" format the kernel unpacks (``Documentation/driver-api/early-userspace/
buffer-format.rst``). It is written here in Python because a header is one format string, while
busybox's ``cpio`` would need a staging directory, its cleaning up, and root for the device node.
"""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["INIT", "MARKER", "Entry", "build_initramfs", "newc_archive"]

#: Begins the line after each answer; the command's number and its exit status follow. Page flags,
#: the only binary answer, have no bits set that could spell it.
MARKER = "@balloonkit-done "

#: PID 1. The port is raw (no echo, no line discipline), so page flags pass unchanged and fast.
INIT = f"""#!/bin/busybox sh
# A busybox shell finds its other commands through /proc/self/exe.
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=100%,nr_inodes=0 tmpfs /age
for module in /modules/*; do insmod $module; done
# The port can be seen a moment before it can be opened; without `command` that would end the shell.
until [ -c /dev/vport0p1 ] && command exec 3<>/dev/vport0p1; do usleep 10000; done
number=0 status=0
while printf '\\n{MARKER}%d %d\\n' $number $status >&3 && read -r line <&3; do
    eval "$line" >&3 2>&1
    status=$? number=$((number + 1))
done
poweroff -f
"""

_DIRECTORY, _FILE, _CHARACTER_DEVICE = 0o040755, 0o100755, 0o020600
_CONSOLE = (5, 1)  # Documentation/admin-guide/devices.txt: /dev/console, needed before /dev exists


class Entry(NamedTuple):
    """One name in the archive: mode as in ``stat``, contents, device number if it is a device."""

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def newc_archive(entries: list[Entry]) -> bytes:
    """Write `entries` as a cpio archive in the newc format, the trailer included.

    Examples
    --------
    >>> newc_archive([Entry("bin", 0o040755)])[:14]
    b'07070100000001'
    """
    archive = bytearray()
    for inode, entry in enumerate([*entries, Entry("TRAILER!!!", 0)], start=1):
        name = entry.name.encode() + b"\0"
        # c_ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor
        # namesize check, each eight hexadecimal digits
        owner_links_time = (0, 0, 1, 0)
        device = (0, 0, *entry.device)
        fields = (inode, entry.mode, *owner_links_time, len(entry.data), *device, len(name), 0)
        archive += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        archive += bytes(-len(archive) % 4) + entry.data
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


def build_initramfs(
    busybox: bytes, modules: Mapping[str, bytes], files: Mapping[str, bytes] | None = None
) -> bytes:
    """Build the guest's initramfs.

    Parameters
    ----------
    busybox : bytes
        A static one.
    modules : mapping of name to bytes
        Loaded at boot, in this order.
    files : mapping of name to bytes, optional
        More files for the root folder, such as a module to load later.
    """
    entries = [Entry(name, _DIRECTORY) for name in ("bin", "dev", "proc", "age", "modules")]
    entries += [
        Entry("dev/console", _CHARACTER_DEVICE, device=_CONSOLE),
        Entry("bin/busybox", _FILE, busybox),
        Entry("init", _FILE, INIT.encode()),
    ]
    entries += [
        Entry(f"modules/{position:02}-{name}.ko", _FILE, data)
        for position, (name, data) in enumerate(modules.items())
    ]
    entries += [Entry(name, _FILE, data) for name, data in (files or {}).items()]
    return newc_archive(entries)
