"""The view of meters that disagree: its table says what its picture does."""

import pytest

from balloonkit.backings import BACKINGS
from balloonkit.lab import ReleaseLab


@pytest.mark.parametrize("kind", list(BACKINGS))
def test_each_kind_is_measured_or_it_is_said_why_not(kind, rows):
    lab = ReleaseLab()
    lab.backing_model.kind = kind
    view = lab.backings()
    assert not view.error
    assert "MEASURED" in view.caption
    if "not to be had here" in view.caption:
        return
    written, _, freed = rows(view)
    assert written[0] == "as written"
    assert (freed[2], freed[3], freed[5]) == ("0", "0 B", "0 B")
    assert "MEASURED" in view.panes[0]["svg"]


def test_on_shared_memory_the_resident_set_falls_and_the_old_content_reads_back(rows):
    _, kept, _ = rows(ReleaseLab().backings())
    assert kept[0] == "MADV_DONTNEED"
    assert kept[2:6] == ["0", "0 B", "64 MiB", "64 MiB"]


def test_where_there_is_no_real_memory_the_view_says_so(monkeypatch):
    def refuse(name, size_bytes):
        raise OSError("no madvise in a browser")

    monkeypatch.setattr("balloonkit.lab.lessons.host_release.backing.try_backing", refuse)
    view = ReleaseLab().backings()
    assert not view.error
    assert "no real memory here: no madvise in a browser" in view.caption
