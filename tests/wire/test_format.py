"""A format of one's own: what its messages name, what it may read, and how it is told of faults."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_format import Pairs

from balloonkit.wire import Format, WireError
from balloonkit.wire.channel import MESSAGE_BYTES
from balloonkit.wire.format import Message

PFNS = st.sets(st.integers(0, 3000) | st.integers(2**31, 2**31 + 300), max_size=300).flatmap(
    lambda pages: st.permutations(sorted(pages))
)
#: Anything a learner's decode may hand back.
ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=8,
)


class Wide(Format):
    """Entries of `width` bytes, of which base and size take sixteen."""

    max_entries = 100_000

    def __init__(self, width=16):
        self.width = width

    def encode(self, entries):
        padding = bytes(self.width - 16)
        return b"".join(pair.astype("<u8").tobytes() + padding for pair in entries)

    def decode(self, data):
        if len(data) % self.width:
            raise ValueError(f"{len(data)} bytes are no whole entries")
        words = np.frombuffer(data, "<u8").reshape(-1, self.width // 8)
        return words[:, :2]


def wrong(**methods):
    """Make a format that goes wrong in `methods`."""
    return type("Wrong", (Wide,), methods)()


# The messages name the pages given, all of them, and no other, and the reader finds the same.
@settings(max_examples=40)
@given(PFNS, st.sampled_from([Pairs(), Wide(), Wide(8000)]), st.sampled_from([1, 4, 16]))
def test_messages_name_exactly_the_pages_given(pfns, own, scale):
    if own.name == Pairs.name:
        scale = 1  # one byte holds 255 pages and no more
    made = list(own.messages(np.array(pfns, np.uint32), scale))
    named = [page for message in made for page in message.pfns().tolist()]
    assert named == [pfn * scale + k for pfn in sorted(pfns) for k in range(scale)]
    for message in made:
        raw = own.read(message.data)
        assert np.stack((raw.bases, raw.sizes), 1).tolist() == message.entries.tolist()
        assert message.pages == sum(raw.sizes.tolist())


# A message holds as many entries as its bytes and its format allow, and no more.
@settings(max_examples=40)
@given(st.integers(1, 100), st.sampled_from([16, 800, 4000, 32_760]))
def test_messages_are_as_full_as_they_can_be(runs, width):
    made = list(Wide(width).messages(np.arange(0, 2 * runs, 2, dtype=np.uint32)))
    most = MESSAGE_BYTES // width
    assert [len(m.entries) for m in made] == [most] * (runs // most) + [runs % most] * (
        runs % most > 0
    )
    assert max(len(m.data) for m in made) <= MESSAGE_BYTES


def test_max_entries_ends_a_message_too():
    class Four(Wide):
        max_entries = 4

    made = list(Four().messages(np.arange(0, 20, 2, dtype=np.uint32)))
    assert [len(m.entries) for m in made] == [4, 4, 2]


def test_no_pages_make_no_message():
    assert list(Wide().messages(np.array([], np.uint32))) == []


# Whatever bytes come and whatever a learner's decode makes of them: entries, or ValueError.
@given(st.binary(max_size=80))
def test_reading_any_bytes_raises_nothing_but_value_error(data):
    for own in (Pairs(), Wide()):
        try:
            raw = own.read(data)
        except ValueError:
            continue
        assert (raw.bases >= 0).all()
        assert (raw.bases <= 1 << 52).all()


@given(ANSWERS)
def test_whatever_decode_gives_back_is_entries_or_value_error(answer):
    try:
        raw = wrong(decode=lambda self, data: answer).read(b"")
    except ValueError:
        return
    assert raw.bases.shape == raw.sizes.shape
    assert (raw.bases >= 0).all() and (raw.sizes >= 0).all()  # noqa: PT018
    assert (raw.bases + raw.sizes >= raw.bases).all()


@pytest.mark.parametrize(
    "error", [KeyError("x"), IndexError(), ZeroDivisionError(), RecursionError(), MemoryError()]
)
def test_what_decode_raises_becomes_a_refusal_that_names_it(error):
    def decode(self, data):
        raise error

    with pytest.raises(WireError, match=type(error).__name__):
        wrong(decode=decode).read(b"")


def test_a_number_beyond_52_bits_is_kept_too_large_instead_of_wrapping():
    raw = wrong(decode=lambda self, data: [(1 << 80, 1 << 64)]).read(b"")
    assert (raw.bases[0], raw.sizes[0]) == (1 << 52, 1 << 52)


def test_half_a_page_is_refused_and_not_rounded():
    with pytest.raises(WireError, match="TypeError"):
        wrong(decode=lambda self, data: [(1.5, 2)]).read(b"")


@pytest.mark.parametrize(
    "entries",
    [[[0, 2]], [[0, 4]], [[0, 3], [2, 1]], [[0, 3], [9, 1]], [[1, 3]], []],
    ids=["lost", "added", "twice", "elsewhere", "moved", "none"],
)
def test_entries_that_are_not_the_pages_given_never_become_a_message(entries):
    own = wrong(entries=lambda self, pfns: np.array(entries, np.uint64).reshape(-1, 2))
    with pytest.raises(WireError, match="not once each of the 3 given"):
        next(own.messages(np.arange(3, dtype=np.uint32)))


@pytest.mark.parametrize("data", [None, [1, 2], "text", np.zeros(3)])
def test_encode_must_give_bytes(data):
    with pytest.raises(WireError, match="give bytes"):
        next(wrong(encode=lambda self, entries: data).messages(np.arange(3, dtype=np.uint32)))


def test_an_entry_longer_than_any_message_is_said():
    with pytest.raises(WireError, match=r"single entry \(0, 3\)"):
        next(Wide(40_000).messages(np.arange(3, dtype=np.uint32)))


def test_what_is_not_written_is_asked_for():
    with pytest.raises(NotImplementedError, match="write encode"):
        next(Format().messages(np.arange(3, dtype=np.uint32)))
    with pytest.raises(WireError, match="write decode"):
        Format().read(b"")


def test_a_message_spells_out_its_pages_in_either_form():
    assert Message(b"", np.array([[7, 2], [3, 1]], np.uint64)).pfns().tolist() == [7, 8, 3]
    assert Message(b"", np.array([7, 8, 3], np.uint32)).pfns().tolist() == [7, 8, 3]
