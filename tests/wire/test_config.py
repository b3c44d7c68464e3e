"""The configuration in the window: where its fields lie, and what garbage in it means."""

from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import Feature
from balloonkit.wire.config import ConfigSpace


def test_each_field_lies_where_the_table_says():
    memory = bytearray(range(20))
    config = ConfigSpace(memoryview(memory))
    assert config.status == 0
    assert config.num_pages == int.from_bytes(memory[12:16], "little")
    assert config.actual_pages == int.from_bytes(memory[16:20], "little")
    config.num_pages = 0x01020304
    config.offer(Feature.PAGE_CHUNKS)
    assert memory[12:16] == b"\4\3\2\1"
    assert memory[4:8] == b"\x08\0\0\0"
    assert memory[:4] + memory[8:12] + memory[16:] == bytes(
        [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19]
    )


@given(st.binary(min_size=20, max_size=20))
def test_whatever_the_driver_writes_is_read_without_an_error(data):
    config = ConfigSpace(memoryview(bytearray(data)))
    accepted = int.from_bytes(data[8:12], "little")
    assert config.driver_features == accepted & sum(Feature)
    assert 0 <= config.actual_pages < 1 << 32
