"""The classic message."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balloonkit.wire import WireError, decode_pfns, encode_pfns
from balloonkit.wire.pfn_array import pfn_messages


@given(st.lists(st.integers(0, 2**32 - 1), max_size=256))
def test_decoding_gives_back_what_was_encoded_in_order(pfns):
    assert decode_pfns(encode_pfns(pfns)).tolist() == pfns


def test_seven_gib_take_7168_messages_of_1024_bytes():
    messages = list(pfn_messages(np.arange(7 << 18, dtype=np.uint32)))
    assert len(messages) == 7168
    assert {len(m) for m in messages} == {1024}


@pytest.mark.parametrize("pfns", [[-1], [2**32], [0.5], range(257), [[1]]])
def test_what_does_not_fit_a_message_is_refused(pfns):
    with pytest.raises(WireError):
        encode_pfns(pfns)


@pytest.mark.parametrize("length", [1, 1023, 1028])
def test_a_malformed_message_is_refused_with_its_length(length):
    with pytest.raises(WireError, match=str(length if length % 4 else length // 4)):
        decode_pfns(bytes(length))
