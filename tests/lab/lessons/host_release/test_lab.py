"""The release lab: addresses against hand-made sums, and real memory that is really gone."""

import os

import pytest
from child_processes import children

from balloonkit import limits
from balloonkit.guest import Guest
from balloonkit.lab import ReleaseLab
from balloonkit.lab.lessons.host_release import model as release_run
from balloonkit.lab.lessons.host_release.model import (
    CHUNK_SIZES,
    LAYOUTS,
    SIZES,
    HostPageModel,
    TranslateModel,
    best_size,
    can_measure,
    inflate_for_real,
)
from balloonkit.wire import pack_chunks

GIB_PAGES = 1 << 18


def test_above_the_hole_the_host_page_is_two_gib_lower():
    model = TranslateModel(first_mib=5 << 10, size="1GiB")
    done = model.handle()
    handled, pieces = done.handled, done.pieces
    assert pieces == [(5 * GIB_PAGES, 3 * GIB_PAGES, GIB_PAGES)]
    assert (handled.translations, handled.releases) == (1, 1)


def test_below_the_hole_the_host_page_is_the_guest_page():
    pieces = TranslateModel(first_mib=64, size="4KiB").handle().pieces
    assert pieces == [(64 * 256, 64 * 256, 1)]


@pytest.mark.parametrize("first_mib", [1984, 2048, 3072, 10240])
def test_a_chunk_that_names_one_page_outside_ram_is_refused_whole(first_mib, rows):
    lab = ReleaseLab()
    view = lab.translate()
    lab.translate_model.first_mib = first_mib
    assert not view.error
    assert "Refused, nothing is touched: outside registered RAM" in view.caption
    assert rows(view)[0][-1] == "refused"


def test_a_chunk_over_the_edge_of_touching_regions_is_split_and_loses_nothing(rows):
    lab = ReleaseLab()
    lab.translate_model.layout = "touching"
    lab.translate_model.first_mib = 3968
    view = lab.translate()
    assert "is split" in view.caption
    assert [row[2] for row in rows(view)] == ["32,768", "32,768"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", CHUNK_SIZES[::2])
def test_every_chunk_is_drawn_or_refused_in_words(layout, size, rows):
    lab = ReleaseLab()
    view = lab.translate()
    for first_mib in range(0, 10241, 2048):
        with lab.translate_model.hold_trait_notifications():
            lab.translate_model.layout = layout
            lab.translate_model.size = size
            lab.translate_model.first_mib = first_mib
        assert not view.error
        assert rows(view)


def test_a_host_page_of_64_kib_goes_only_when_all_sixteen_parts_are_ballooned(rows):
    lab = ReleaseLab()
    view = lab.host_pages()
    lab.host_page_model.told = 15
    assert "0 of 4 host pages released, 15 ballooned pages wait" in view.caption
    lab.host_page_model.told = 16
    assert "1 of 4 host pages released, 0 ballooned pages wait" in view.caption
    assert rows(view)[0][1:] == ["0", "16 of 16", "released"]


def test_scattered_pages_release_nothing_until_most_are_told():
    lab = ReleaseLab()
    lab.host_page_model.order = "scattered"
    lab.host_page_model.told = 32
    view = lab.host_pages()
    assert "0 of 4 host pages released, 32 ballooned pages wait" in view.caption
    lab.host_page_model.host_kib = 4
    assert "32 of 64 host pages released, 0 ballooned" in view.caption
    lab.host_page_model.seed = 2
    assert "32 of 64 host pages released, 0 ballooned" in view.caption
    assert not view.error


def test_the_first_of_four_host_pages_goes_with_the_58th_of_64_scattered_pages():
    inputs = {"host_kib": 64, "order": "scattered", "seed": 1}
    assert HostPageModel(told=57, **inputs).run().resident.all()
    assert not HostPageModel(told=58, **inputs).run().resident.all()


@pytest.mark.parametrize("huge_pages", [False, True])
@pytest.mark.parametrize("path", ["classic", "chunks"])
def test_the_kernel_counts_exactly_what_was_released(path, huge_pages):
    before = children()
    result = inflate_for_real("64MiB", path, fragmentation=0.5, seed=1, huge_pages=huge_pages)
    assert result.measured
    assert result.samples[0][1] == 64 << 20
    assert result.samples[-1][1] == (64 << 20) - result.pages * 4096
    assert children() == before


def test_per_page_makes_one_call_a_page_and_per_chunk_one_a_run():
    classic, chunks = (inflate_for_real("64MiB", path) for path in ("classic", "chunks"))
    assert classic.pages == chunks.pages == classic.releases
    runs = pack_chunks(Guest.aged("64MiB", 0.0).take(56 << 8))
    assert chunks.releases == len(runs) < 5
    assert (classic.messages, chunks.messages) == (56, 1)


def test_the_meter_follows_a_run():
    seen = []
    inflate_for_real("64MiB", "classic", watch=lambda *moment: seen.append(moment))
    assert seen[0][2] == 64 << 20
    assert [resident for _, _, resident in seen] == sorted((s[2] for s in seen), reverse=True)
    assert {path for path, _, _ in seen} == {"classic"}


def test_a_run_that_fails_leaves_no_process_behind():
    before = children()

    def fail(*moment):
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        inflate_for_real("64MiB", "classic", watch=fail)
    assert children() == before


def test_every_control_of_the_real_view_can_be_moved(rows):
    lab = ReleaseLab()
    lab.real_model.size = "64MiB"
    view = lab.real().children[1]
    for name, value in {
        "size": "128MiB",
        "huge_pages": True,
        "fragmentation": 1.0,
        "seed": 2,
    }.items():
        setattr(lab.real_model, name, value)
        assert not view.error
        assert view.values[name] == value
    table = {row[0]: row[1:] for row in rows(view)}
    assert table["resident before"] == ["128 MiB", "128 MiB"]
    assert table["madvise calls"][0] == table["madvise calls"][1] == table["4 KiB pages told"][0]
    assert "MiB of 128 MiB resident" in lab.meter.text


def test_without_processes_the_run_is_modelled_and_says_so(monkeypatch, rows):
    monkeypatch.setattr(release_run, "can_measure", lambda: False)
    lab = ReleaseLab()
    lab.real_model.size = "64MiB"
    bench = lab.real()
    caption = bench.children[1].caption
    assert caption == "Modelled: no process with real memory can be started here"
    assert "measured" not in "".join(row[0] for row in rows(bench.children[1]))


def test_a_pod_too_small_gets_a_size_that_fits_and_no_larger_ones(monkeypatch):
    def check(size_bytes):
        if size_bytes > 300 << 20:
            raise limits.MemoryLimitError(size_bytes, 256 << 20, ("a pod", 1 << 30))

    monkeypatch.setattr(limits, "check_memory", check)
    assert limits.fitting_sizes(SIZES) == ("64MiB", "128MiB", "256MiB")
    assert best_size() == "128MiB"


def test_this_machine_can_measure():
    assert can_measure() is hasattr(os, "memfd_create")


def test_live_and_static_halves_of_the_bench_are_in_one_output():
    lab = ReleaseLab()
    lab.real_model.size = "64MiB"
    bundle, _ = lab.real()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "data:image/png;base64," in bundle["text/html"]
    assert "resident after" in bundle["text/plain"]
