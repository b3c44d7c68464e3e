"""Writing captures: whole or not at all."""

import os
import resource
import stat

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.captures.write import check_target, write_capture
from balloonkit.cli import main
from balloonkit.live.memory import GuestMemory

BUDDYINFO = "Node 0, zone      DMA " + "     1" * 11 + "\n"


ZONEINFO = """Node 0, zone      DMA
  pages free     0
        min      1
        low      2
        high     3
        spanned  1024
        managed  1024
        protection: (0, 0)
    cpu: 0
              batch: 1
  start_pfn:           0
"""


def write(path, flags, force=False):
    memory = GuestMemory(flags, BUDDYINFO, "types")
    pfns = np.array([1023, 0, 7], np.uint32)
    ballooned = flags.copy()
    ballooned[pfns[pfns < len(flags)]] |= np.uint64(1 << 23)
    inflated = GuestMemory(ballooned, BUDDYINFO, "types")
    moments = {"before": memory, "inflated": inflated, "deflated": memory}
    texts = {"iomem_boot": "00000000-003fffff : System RAM", "zoneinfo_boot": ZONEINFO}
    write_capture(path, {"guest_mib": 4}, texts, moments, pfns, pfns[::-1], None, force)


@pytest.mark.parametrize("distinct", [1, 255, 256, 257])
def test_what_was_written_is_read_back(tmp_path, distinct):
    flags = np.arange(1024, dtype=np.uint64) % distinct << 32
    write(tmp_path / "a.npz", flags)
    capture = load_capture(tmp_path / "a.npz")
    assert (capture.flags("deflated") == flags).all()
    assert capture.inflate_pfns.tolist() == [1023, 0, 7]
    assert capture.deflate_pfns.tolist() == [7, 0, 1023]
    assert capture.buddyinfo("inflated") == {"DMA": [1] * 11}
    assert capture.text("zoneinfo_boot") == ZONEINFO


def test_a_disk_that_fills_up_keeps_the_old_capture_and_leaves_no_part(tmp_path):
    path = tmp_path / "a.npz"
    write(path, np.zeros(1024, np.uint64))
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(path, np.random.default_rng(1).integers(0, 2**60, 200).astype(np.uint64), True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["a.npz"]


def folder(path):
    path.mkdir()


def link(path):
    path.symlink_to(path.with_name("elsewhere"))


def device(path):
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes device nodes")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (folder, "a folder"),
        (link, "a symbolic link"),
        (os.mkfifo, "a FIFO"),
        (device, "a device node"),
    ],
)
def test_what_is_no_ordinary_file_is_refused_even_by_force_before_anything_boots(
    tmp_path, capsys, monkeypatch, make, said
):
    monkeypatch.setattr("balloonkit.live.guest.LiveGuest", None)  # a boot would raise TypeError
    path = tmp_path / "a.npz"
    make(path)
    before = path.lstat()
    assert main(["capture", "--force", str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path}: {said}, which a capture never replaces; give another name" in err
    assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert os.listdir(tmp_path) == ["a.npz"]


def test_a_file_is_replaced_only_by_force(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("balloonkit.live.guest.LiveGuest", None)
    path = tmp_path / "a.npz"
    path.write_text("dear")
    assert main(["capture", str(path)]) == 1
    assert f"{path}: is there already; give another name, or --force" in capsys.readouterr().err
    check_target(path, force=True)
    assert path.read_text() == "dear"
    write(path, np.zeros(1024, np.uint64), force=True)
    assert load_capture(path).guest_bytes == 4 << 20


def test_a_file_that_comes_while_the_guest_runs_is_kept(tmp_path):
    (tmp_path / "a.npz").write_text("dear")
    with pytest.raises(FileExistsError, match="is there already"):
        write(tmp_path / "a.npz", np.zeros(1024, np.uint64))
    assert (tmp_path / "a.npz").read_text() == "dear"
    assert os.listdir(tmp_path) == ["a.npz"]


def test_a_link_laid_where_the_part_was_once_written_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("dear")
    (tmp_path / "a.npz.partial").symlink_to(victim)
    write(tmp_path / "a.npz", np.zeros(1024, np.uint64))
    assert victim.read_text() == "dear"
    assert (tmp_path / "a.npz.partial").is_symlink()
    assert load_capture(tmp_path / "a.npz").guest_bytes == 4 << 20


def test_a_capture_may_be_read_by_whom_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.npz", np.zeros(1024, np.uint64))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.npz").stat().st_mode) == 0o640
