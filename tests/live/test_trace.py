"""Reading QEMU's trace log."""

import numpy as np
import pytest

from balloonkit.live.errors import TraceLostError
from balloonkit.live.trace import parse_trace

KICK = b"virtio_queue_notify vdev 0x55 n %d vq 0x7f"
PAGE = b"virtio_balloon_handle_output section name: ram gpa: 0x%x"
RELEASE = b"ram_block_discard_range ram@0x7f31c3000000 + 0x%x: madvise: 1 fallocate: 0 ret: 0"
ACK = b"virtio_notify vdev 0x55 vq 0x7f"


def test_pages_keep_their_order_and_their_queue():
    lines = [KICK % 0, PAGE % 0x9000, PAGE % 0x3000, ACK]
    lines += [KICK % 1, PAGE % 0x9000, ACK, KICK % 0, PAGE % 0x1000, ACK]
    trace = parse_trace(lines)
    assert trace.inflate.pfns.tolist() == [9, 3, 1]
    assert trace.deflate.pfns.tolist() == [9]
    assert (trace.inflate.messages, trace.deflate.messages) == (2, 1)


def test_other_devices_and_empty_messages_are_not_counted():
    trace = parse_trace([ACK, KICK % 2, ACK, KICK % 4, b"qemu: a warning", ACK])
    assert trace.inflate.messages == trace.deflate.messages == 0
    assert len(trace.inflate.pfns) == len(trace.released_bytes) == 0


def test_released_sizes_are_read_in_order():
    trace = parse_trace([RELEASE % 0x1000, RELEASE % 0x400000, RELEASE % 0x200000])
    assert trace.released_bytes.tolist() == [4096, 4 << 20, 2 << 20]


def test_the_last_page_below_16_tib_fits():
    pfns = parse_trace([KICK % 0, PAGE % ((16 << 40) - 4096), ACK]).inflate.pfns
    assert pfns.dtype == np.uint32
    assert pfns.tolist() == [2**32 - 1]


@pytest.mark.parametrize(
    "line",
    [
        b"virtio_balloon_handle_output section name: ram gpa: 0x",
        b"virtio_balloon_handle_output section na",
        b"virtio_balloon_handle_output section name: ram gpa: 0x10000000000000000000",
        b"ram_block_discard_range ram@0x7f31c3000000 + ",
        b"virtio_queue_notify vdev 0x55 n ",
    ],
)
def test_a_line_that_is_cut_is_shown_with_its_number(line):
    with pytest.raises(TraceLostError, match="line 2: cut or damaged"):
        parse_trace([KICK % 0, line])
