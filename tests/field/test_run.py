"""The field on guests of every kind: nothing is taken twice, nothing that was not there."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.cli import main
from balloonkit.field import CONTENDERS, run_field
from balloonkit.field.frames import ram_pages_mask
from balloonkit.find import find_guest
from balloonkit.guest import Guest


def spelled(taken):
    """Return every page released, in sequence."""
    parts = [np.arange(s, s + n) for s, n in zip(taken.starts, taken.counts, strict=True)]
    return np.concatenate([np.empty(0, np.int64), *parts])


@settings(max_examples=25)
@given(
    st.sampled_from(list(CONTENDERS)),
    st.sampled_from([0, 0.001, 0.01, 0.3, 1]),
    st.integers(0, 9),
    st.integers(0, 80),
)
def test_whoever_takes_takes_each_page_once_of_what_is_ram_and_no_more_than_asked(
    name, fragmentation, seed, mib
):
    guest = Guest.aged("64MiB", fragmentation, seed)
    free = guest.buddy.free_mask.copy()
    taken = CONTENDERS[name].take(guest.copy(), mib << 8)
    pages = spelled(taken)
    assert len(np.unique(pages)) == len(pages) == taken.pages <= mib << 8
    assert ram_pages_mask(guest)[pages].all()
    used = int(np.count_nonzero(~free[pages]))
    assert used == taken.migrated_pages  # what was in use was moved, to pages that stay
    assert used <= free.sum() - free[pages].sum()
    assert (guest.buddy.free_mask == free).all()


@pytest.fixture(scope="module")
def aged():
    return run_field(find_guest("aged-1g"), "512MiB")


def test_an_aged_guest_has_few_whole_frames_and_only_moving_pages_finds_more(aged):
    mib = {name: row.taken.pages >> 8 for name, row in aged.rows.items()}
    assert mib["classic"] == mib["chunks"] == mib["virtio_mem_movable"] == 512
    assert 200 < mib["order_9"] <= mib["frame_states"] < 300
    assert mib["virtio_mem"] == mib["frame_states"]
    assert mib["hinting"] == 0
    assert aged.rows["virtio_mem_movable"].taken.migrated_pages > 0


def test_paths_of_the_race_count_here_what_they_count_there(aged):
    assert aged.rows["classic_joined"].taken.messages == 512
    classic = aged.rows["classic"].taken
    assert (classic.units, classic.releases, classic.translations) == (131_072,) * 3


def test_granularity_beats_packing_where_there_are_whole_blocks_and_touching_costs_more():
    rows = run_field(Guest.idle("1GiB"), "768MiB").rows
    order = ["classic", "classic_joined", "chunks", "chunks_block_alloc", "order_9", "frame_states"]
    for clock in ("untouched_s", "touched_s"):
        seconds = [getattr(rows[name], clock) for name in order]
        assert seconds == sorted(seconds, reverse=True)
    for row in rows.values():
        assert (row.untouched_s is None) == (row.touched_s is None)
        assert row.untouched_s is None or row.untouched_s < row.touched_s


@pytest.mark.parametrize(
    ("name", "messages", "waited_s"),
    [("reporting", 8, 32.0), ("reporting_order_0", 1, 32.0), ("reporting_fast", 8, 1.6)],
)
def test_reporting_takes_a_sixteenth_of_a_list_each_pass(name, messages, waited_s):
    guest = Guest.idle("1GiB")
    blocks = int(guest.buddy.free_mask.reshape(-1, 1024).all(axis=1).sum())
    taken = CONTENDERS[name].take(guest, blocks << 10)
    assert (taken.releases, taken.messages, taken.waited_s) == (blocks, messages, waited_s)


@pytest.mark.parametrize("size", ["1MiB", "70MiB", "385MiB"])
def test_a_guest_of_no_whole_blocks_is_raced_too(size):
    rows = run_field(Guest.idle(size), "512KiB").rows
    assert rows["classic"].taken.pages == 128
    assert all(row.taken.pages <= 128 for row in rows.values())


def test_their_release_calls_are_made_on_real_memory():
    rows = run_field(Guest.idle("64MiB"), "32MiB", "madvise").rows
    assert rows["hinting"].release_s is None
    assert all(row.release_s > 0 for name, row in rows.items() if name != "hinting")


def test_the_command_prints_who_took_what_and_how_far_the_prices_are_off(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["race", "--field", "2026", "--guest", "64MiB", "--inflate", "32MiB"]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    said = " ".join(out.split())
    for words in ("-29%", "foretold", "moving is not priced", "nothing released"):
        assert words in said
    assert main(["race", "--field", "2026", "--guest", "64MiB", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["contenders"]) == set(CONTENDERS)


def test_what_the_field_has_no_use_for_is_refused(capsys):
    assert main(["race", "--field", "2026", "--guest", "64MiB", "--device", "qemu"]) == 1
    assert "--device qemu: not with --field" in capsys.readouterr().err
    with pytest.raises(ValueError, match="guest pages of 65536 bytes"):
        run_field(Guest.idle("64MiB", page_bytes=65536), "16MiB")
