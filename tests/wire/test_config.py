"""The configuration in the window: where its fields lie, and what garbage in it means."""

from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import Feature
from balloonkit.wire.config import ConfigSpace


def test_each_field_lies_where_the_table_says():
    memory = bytearray(range(28))
    config = ConfigSpace(memoryview(memory))
    assert config.status == 0
    assert config.num_pages == int.from_bytes(memory[12:16], "little")
    assert config.actual_pages == int.from_bytes(memory[16:20], "little")
    assert config.served == int.from_bytes(memory[24:28], "little")
    config.ask(0x01020304, 0x05060708)
    config.offer(Feature.PAGE_CHUNKS)
    assert memory[12:16] == b"\4\3\2\1"
    assert memory[20:24] == b"\x08\7\6\5"
    assert memory[4:8] == b"\x08\0\0\0"
    untouched = memory[:4] + memory[8:12] + memory[16:20] + memory[24:]
    assert untouched == bytes([*range(4), *range(8, 12), *range(16, 20), *range(24, 28)])


@given(st.binary(min_size=28, max_size=28))
def test_whatever_the_driver_writes_is_read_without_an_error(data):
    config = ConfigSpace(memoryview(bytearray(data)))
    accepted = int.from_bytes(data[8:12], "little")
    assert config.driver_features == accepted & sum(Feature)
    assert 0 <= config.actual_pages < 1 << 32
