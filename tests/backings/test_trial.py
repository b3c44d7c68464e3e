"""Each kind of memory on this machine, asked back by the wrong call and the right one."""

import numpy as np
import pytest

from balloonkit.backings import BACKINGS, BackingMemory, try_backing
from balloonkit.backings.kinds import HUGE_BYTES, Call
from balloonkit.cli import main

SIZE = 4 * HUGE_BYTES
PAGES = SIZE // 4096


def tried(name, size_bytes=SIZE):
    trial = try_backing(name, size_bytes)
    if trial.refused:
        pytest.skip(trial.refused)
    return trial.attempts


@pytest.mark.parametrize("name", list(BACKINGS))
def test_the_call_that_frees_a_kind_leaves_nothing_mapped_and_nothing_to_read(name):
    written, _, freed = tried(name)
    assert (written.answer, written.old_pages) == ("", PAGES)
    assert (freed.answer, freed.resident_bytes, freed.old_pages) == ("0", 0, 0)
    assert freed.block_bytes in (0, None)


@pytest.mark.parametrize("name", ["memfd", "memfd-thp"])
def test_dontneed_on_a_shared_file_answers_0_empties_the_resident_set_and_frees_nothing(name):
    _, kept, _ = tried(name)
    assert (kept.answer, kept.resident_bytes) == ("0", 0)
    assert (kept.block_bytes, kept.old_pages) == (SIZE, PAGES)


@pytest.mark.parametrize("name", ["private", "locked"])
def test_a_call_that_is_refused_leaves_all_as_it_was(name):
    written, kept, _ = tried(name)
    assert kept.answer == "EINVAL"
    assert kept.resident_bytes == written.resident_bytes == SIZE
    assert kept.old_pages == PAGES


def test_of_a_huge_page_of_the_pool_no_part_is_given_back():
    _, kept, _ = tried("hugetlb")
    assert (kept.answer, kept.block_bytes) == ("0", SIZE)
    assert kept.old_pages == SIZE // HUGE_BYTES  # the parts named were zeroed


def test_a_huge_page_with_one_part_left_is_resident_for_that_part_alone():
    written, kept, _ = tried("private-thp")
    if written.huge_bytes != SIZE:
        pytest.skip("this machine gave small pages")
    assert (kept.resident_bytes, kept.huge_bytes) == (SIZE // 512, 0)
    assert kept.old_pages == SIZE // HUGE_BYTES


def test_memory_of_huge_pages_is_free_only_when_their_last_part_goes():
    size_bytes = 256 << 20
    for _ in range(3):  # the meter is the whole machine's, and others move it
        written, kept, freed = tried("private-thp", size_bytes)
        if written.huge_bytes != size_bytes:
            pytest.skip("this machine gave small pages")
        if kept.freed_bytes < size_bytes // 2 < freed.freed_bytes - kept.freed_bytes:
            return
    pytest.fail(f"MemFree rose by {kept.freed_bytes} and {freed.freed_bytes}")


def test_looking_at_a_hole_puts_no_memory_there():
    with BackingMemory(BACKINGS["memfd"], SIZE) as memory:
        memory.ask_back(Call("MADV_REMOVE", "a part", 4096, 8192))
        blocks = memory.block_bytes()
        assert blocks == SIZE - 4 * 8192
        assert memory.old_pages() == PAGES - 8
        assert memory.block_bytes() == blocks
        assert np.isclose(memory.meters().resident_bytes, blocks)


def test_a_size_or_kind_there_is_not_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="1 MiB of memory: give a multiple of 2 MiB"):
        try_backing("memfd", 1 << 20)
    with pytest.raises(ValueError, match="backing 'dax': choose from private, private-thp"):
        try_backing("dax", SIZE)


def test_a_machine_without_such_memory_is_said_in_the_table(capsys, monkeypatch):
    def refuse(backing, size_bytes):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("balloonkit.backings.trial.BackingMemory", refuse)
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["backings", "--kind", "hugetlb", "--size", "4MiB"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not tried, see below" in said
    assert "No space left on device; set pages aside in /proc/sys/vm/nr_hugepages" in said


def test_the_command_tells_the_call_that_answers_0_and_frees_nothing(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["backings", "--kind", "memfd", "--size", "4MiB"]) == 0
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    cells = {row[1].strip(): [cell.strip() for cell in row[2:]] for row in rows}
    answers, resident, _, file = cells["MADV_DONTNEED"][1:5]
    assert (answers, resident, file) == ("0", "0.0", "4")
