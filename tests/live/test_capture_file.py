"""Writing captures: whole or not at all."""

import os
import resource

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.live.capture_file import write_capture
from balloonkit.live.memory import GuestMemory

BUDDYINFO = "Node 0, zone      DMA " + "     1" * 11 + "\n"


ZONEINFO = """Node 0, zone      DMA
  pages free     0
        min      1
        low      2
        managed  1024
        protection: (0, 0)
    cpu: 0
              batch: 1
  start_pfn:           0
"""


def write(path, flags):
    memory = GuestMemory(flags, BUDDYINFO, "types")
    pfns = np.array([1023, 0, 7], np.uint32)
    ballooned = flags.copy()
    ballooned[pfns[pfns < len(flags)]] |= np.uint64(1 << 23)
    inflated = GuestMemory(ballooned, BUDDYINFO, "types")
    moments = {"before": memory, "inflated": inflated, "deflated": memory}
    texts = {"iomem_boot": "00000000-003fffff : System RAM", "zoneinfo_boot": ZONEINFO}
    write_capture(path, {"guest_mib": 4}, texts, moments, pfns, pfns[::-1])


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
            write(path, np.random.default_rng(1).integers(0, 2**60, 200).astype(np.uint64))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["a.npz"]
