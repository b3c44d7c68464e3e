"""Free lists read from a guest's memory: a made-up one byte by byte, and a real one."""

from itertools import pairwise

import numpy as np
import pytest

from balloonkit.captures import load_capture
from balloonkit.live.errors import RefusedError
from balloonkit.live.free_lists import read_free_lists
from balloonkit.live.memory import GuestMemory
from balloonkit.live.page_layout import PageLayout
from balloonkit.predict import predict

VMEMMAP, HEADS, PERCPU = 0xFFEA << 48, 0xFF11 << 48, 0xFF12 << 48
TYPES = 5  # lists in a struct free_area
AREA_BYTES = 16 * TYPES + 8
PAGES = 64
BUDDYINFO = "Node 0, zone   Normal " + "{} {} 0 0 0 0 0 0 0 0 0\n"


class KernelMemory:
    """Struct pages and list heads, laid out as Linux does; 6.12 changed a free block's mark."""

    def __init__(self, buddy_type=0xFFFFFF7F):
        self.buddy_type = buddy_type
        self.words = {VMEMMAP + 8 * i: 0 for i in range(8 * PAGES)}
        for pfn in range(PAGES):
            self.words[VMEMMAP + 64 * pfn + 48] = 1 << 32  # in use
        for order in range(11):
            self.words[HEADS + order * AREA_BYTES - 8] = 3  # number of blocks before this one
            for kind in range(TYPES):
                self.chain(HEADS + order * AREA_BYTES + 16 * kind, [])
        self.words[PERCPU - 8] = self.words[PERCPU - 16] = 63
        for kind in range(TYPES):
            self.chain(PERCPU + 16 * kind, [])

    def chain(self, head, pfns, order=None):
        ring = [head, *(VMEMMAP + 64 * pfn + 8 for pfn in pfns), head]
        for link, after in pairwise(ring):
            self.words[link], self.words[after + 8] = after, link
        for pfn in pfns:
            self.words[VMEMMAP + 64 * pfn + 40] = order or 0
            self.words[VMEMMAP + 64 * pfn + 48] = 0xFFFFFFFF if order is None else self.buddy_type

    def free(self, order, kind, pfns):
        self.chain(HEADS + order * AREA_BYTES + 16 * kind, pfns, order)

    def read(self, address, size_bytes):
        words = [self.words.get(address + i, 0) for i in range(0, size_bytes, 8)]
        return np.array(words, np.uint64).tobytes()

    def lists(self, *blocks_by_order):
        flags = np.zeros(PAGES, np.uint64)
        memory = GuestMemory(flags, BUDDYINFO.format(*blocks_by_order), "")
        layout = PageLayout(VMEMMAP, buddy_type=self.buddy_type)
        return read_free_lists(self.read, layout, memory)


@pytest.mark.parametrize("buddy_type", [0xFFFFFF7F, 0xF0000000])
def test_movable_blocks_and_pages_come_in_the_lists_own_sequence(buddy_type):
    kernel = KernelMemory(buddy_type)
    kernel.free(0, 1, [9, 3, 30])
    kernel.free(0, 2, [5, 7])
    kernel.free(1, 0, [10])
    kernel.free(1, 1, [40, 12])
    kernel.chain(PERCPU, [50])
    kernel.chain(PERCPU + 16, [61, 20, 60])
    lists = kernel.lists(5, 3)
    assert lists.blocks.tolist() == [[9, 0], [3, 0], [30, 0], [40, 1], [12, 1]]
    assert lists.percpu_pfns.tolist() == [61, 20, 60]


@pytest.mark.parametrize("counts", [(2, 0), (4, 0), (3, 1)])
def test_lists_that_do_not_add_up_to_buddyinfo_are_not_believed(counts):
    kernel = KernelMemory()
    kernel.free(0, 1, [9, 3, 30])
    assert kernel.lists(3, 0) is not None
    assert kernel.lists(*counts) is None


def test_pages_in_use_are_on_no_free_list_though_linked():
    kernel = KernelMemory()
    kernel.chain(PERCPU + 16, [20])
    kernel.words[VMEMMAP + 64 * 20 + 48] = 1 << 32
    assert not len(kernel.lists(0, 0).percpu_pfns)


def test_a_kernel_of_another_layout_is_captured_without_its_lists(guest, tmp_path, monkeypatch):
    # Nothing is mapped there.
    monkeypatch.setattr(PageLayout, "of_guest", lambda read, symbols: PageLayout(VMEMMAP))
    with pytest.raises(RefusedError, match="QEMU refused: Invalid addr"):
        guest._link.read_kernel(VMEMMAP, 64)
    guest.capture(tmp_path / "other.npz", guest.memory_bytes - (32 << 20))
    assert not load_capture(tmp_path / "other.npz").lists_recorded


def test_a_real_guests_own_lists_foretell_its_balloon_nearly_page_by_page(guest, tmp_path):
    guest.age(seed=3, size="96MiB")
    guest.capture(tmp_path / "real.npz", guest.memory_bytes - (96 << 20))
    capture = load_capture(tmp_path / "real.npz")
    assert capture.lists_recorded
    prediction = predict(capture)
    assert prediction.overlap >= 0.99
    assert abs(prediction.chunks_predicted / prediction.chunks_real - 1) <= 0.02
    assert prediction.message_step_pages_predicted == pytest.approx(
        prediction.message_step_pages_real, rel=0.03
    )
