"""The race, on the model host and on real memory."""

import numpy as np
import pytest
from own_format import Pairs

from balloonkit.costs import COSTS_2017, costs_2017
from balloonkit.find import find_format, find_guest
from balloonkit.guest import Guest, x86_zones
from balloonkit.guest.replayed import ReplayedGuest
from balloonkit.host.model import ModelHost
from balloonkit.host.rules import DEVICE_RULES
from balloonkit.machine import Machine
from balloonkit.path_counts import PageCounts
from balloonkit.paths import PATHS
from balloonkit.race import run_race
from balloonkit.ram_layout import ram_layout, with_dimms
from balloonkit.wire import CLASSIC


@pytest.mark.parametrize(
    ("fragmentation", "by_message", "by_entry"), [(0, 0.86, 0.86), (0.5, 0.77, 0.57), (1, 0.60, 0)]
)
def test_an_idle_guest_cannot_tell_what_sending_is_paid_by_and_a_checkerboard_can(
    fragmentation, by_message, by_entry
):
    counted = PageCounts.of(Guest.aged("8GiB", fragmentation))
    counts = counted.classic(7), counted.chunks(7)
    for price, saved in (("message", by_message), ("entry", by_entry)):
        classic, chunks = (costs_2017(price).stages(c).total for c in counts)
        assert 1 - chunks / classic == pytest.approx(saved, abs=0.01)


def test_idle_8g_by_seven_gib_has_the_published_counts():
    race = run_race(find_guest("idle-8g"), "7GiB").as_dict()
    assert race["guest"] == "idle-8g"
    assert race["inflate_pages"] == 1_835_008
    classic = race["paths"]["classic"]
    assert classic["pages"] == classic["translations"] == classic["releases"] == 1_835_008
    assert (classic["messages"], classic["bytes"]) == (7168, 7_340_032)
    assert classic["seconds"]["total"] == pytest.approx(4.126, abs=0.0005)
    assert race["paths"]["chunks"]["messages"] == 1
    assert race["improvement"]["chunks"] == pytest.approx(0.857, abs=0.001)
    assert race["improvement"]["chunks_block_alloc"] > race["improvement"]["chunks"]
    assert race["rss_bytes"] is None


def test_every_path_sees_the_same_guest_and_leaves_it_alone():
    guest = Guest.aged("64MiB", 0.2)
    before = guest.buddy.free_mask.copy()
    race = run_race(guest, "16MiB")
    assert (guest.buddy.free_mask == before).all()
    assert {r.counts.pages for r in race.reports.values()} == {4096}
    assert list(race.reports) == list(PATHS)


def test_on_a_checkerboard_chunks_still_save_kicks_but_no_release():
    counts = {p: r.counts for p, r in run_race(Guest.aged("64MiB", 1), "16MiB").reports.items()}
    assert counts["chunks"].releases == counts["classic"].releases == 4096
    assert counts["chunks"].bytes > counts["classic"].bytes
    assert counts["chunks"].messages < counts["classic"].messages


@pytest.mark.parametrize("huge_pages", [False, True])
def test_real_memory_falls_by_what_was_ballooned_and_only_that(huge_pages):
    guest = Guest.idle("256MiB")
    reported = []
    race = run_race(guest, "192MiB", "madvise", huge_pages, lambda *what: reported.append(what))
    for report in race.reports.values():
        before, after = report.resident_bytes
        assert before - after == pytest.approx(192 << 20, rel=0.01)
        assert report.measured.release > 0
    for check in race.checks.values():
        assert check == (192 << 8, 0, 64 << 8, 0)  # released, not zero, kept, changed
    resident = race.as_dict()["rss_bytes"]
    assert resident["before"] == pytest.approx(256 << 20, rel=0.01)
    assert reported


def test_more_memory_than_there_is_is_refused_before_anything_is_touched():
    guest = Guest.idle("64MiB")
    guest.size_bytes = 4 << 40
    with pytest.raises(MemoryError, match="GiB"):
        run_race(guest, "1MiB", "madvise")


def test_a_guest_is_found_by_name_size_or_file(tmp_path):
    assert find_guest("aged-1g").size_bytes == 1 << 30
    assert find_guest("2GiB").size_bytes == 2 << 30
    with pytest.raises(ValueError, match=r"guest 'nonsense': give a capture \(idle-8g"):
        find_guest("nonsense")
    with pytest.raises(ValueError, match="no such file"):
        find_guest(str(tmp_path / "missing.npz"))
    np.savez(tmp_path / "x.npz", meta="{}")
    with pytest.raises(ValueError, match="not a whole capture"):
        find_guest(str(tmp_path / "x.npz"))


@pytest.fixture
def low_3g():
    """4 GiB as QEMU's `pc` lays them out, 3 GiB of them low: one more than the host expects."""
    free = np.zeros(5 << 18, bool)
    free[1 : 3 << 18] = free[4 << 18 :] = True
    return Guest("pc, 4 GiB", 4 << 30, free, x86_zones(len(free)))


def test_pages_outside_the_hosts_ram_are_refused_and_no_time_is_claimed_for_them(low_3g):
    race = run_race(low_3g, "3GiB")
    for path, report in race.reports.items():
        counts = report.counts
        assert counts.pages == 786_432, path
        assert counts.refused_pages > 0, path
        assert counts.released_pages == counts.pages - counts.refused_pages, path
        before, after = report.resident_bytes
        assert before - after == counts.released_pages * 4096, path
        assert report.model.release == pytest.approx(
            counts.releases * COSTS_2017.release_call_s
            + counts.released_pages * COSTS_2017.release_page_s
        )
    classic, chunks = race.reports["classic"].counts, race.reports["chunks"].counts
    # One chunk reaches from the start of RAM into what is a hole to the host: refused whole.
    assert 3 * chunks.refused_pages == 2 * chunks.pages
    assert classic.refused_pages < 5000
    assert race.improvement("chunks") is None
    told = race.as_dict()
    assert told["paths"]["chunks"]["refused_pages"] == chunks.refused_pages
    assert told["paths"]["chunks"]["released_pages"] == chunks.released_pages
    assert told["improvement"]["chunks"] is None
    assert any("outside registered RAM" in remark for remark in told["remarks"])


def test_where_all_went_as_asked_there_is_nothing_to_remark():
    race = run_race(Guest.idle("64MiB"), "16MiB")
    assert race.remarks == ()
    assert race.as_dict()["paths"]["classic"]["refused_pages"] == 0
    assert race.improvement("chunks") > 0


def test_a_guest_of_another_layout_has_no_page_refused():
    ram = with_dimms(ram_layout(4 << 30, "pc"), [1 << 30])
    guest = Guest.idle("5GiB", ram=ram)
    for report in run_race(guest, "4.5GiB").reports.values():
        counts = report.counts
        assert (counts.pages, counts.refused_pages) == (1_179_648, 0)
    with Machine(guest.copy(), host=ModelHost("5GiB")) as machine:
        assert machine.inflate("4.5GiB").counts.refused_pages > 0


def test_a_capture_is_raced_on_its_own_regions():
    guest = find_guest("idle-8g")
    assert guest.ram == ram_layout(8 << 30)


@pytest.mark.parametrize(
    ("guest", "said"),
    [("4096", "4 KiB is no guest's RAM; a number without a unit is bytes"), ("8GB", "write GiB")],
)
def test_a_guest_that_cannot_be_meant_is_answered_for_what_was_typed(guest, said):
    with pytest.raises(ValueError, match=said):
        find_guest(guest)


# What the host makes of a message


@pytest.mark.parametrize(
    ("name", "size", "mib"), [("idle-8g", "7GiB", 6_719), ("aged-8g", "4GiB", 1_909)]
)
def test_qemus_rule_releases_so_much_of_what_the_model_sends(name, size, mib):
    guest, rule = find_guest(name), DEVICE_RULES["qemu"]
    with ModelHost(guest.size_bytes, CLASSIC, 64 << 10, rule, guest.ram) as host:
        counts = Machine(guest, host=host).inflate(size).counts
    assert counts.released_pages * 4 >> 10 == mib


def test_a_record_differs_from_the_model_where_the_wire_order_does():
    guest = find_guest("aged-1g", replay=True)
    for one, mib in ((find_guest("aged-1g"), 276), (guest, 277)):
        race = run_race(one, "512MiB", device="qemu", host_page="64KiB").as_dict()
        assert race["paths"]["classic"]["released_bytes"] >> 20 == mib
    joined = run_race(guest, "512MiB").as_dict()["paths"]["classic_joined"]
    assert (joined["messages"], joined["releases"]) == (512, 16_082)
    assert guest.left_pages == joined["pages"]


def test_no_2_mib_page_of_a_classic_message_is_ever_whole_for_qemu_and_the_race_says_so():
    race = run_race(Guest.idle("256MiB"), "192MiB", device="qemu", host_page="2MiB")
    told = race.as_dict()["paths"]
    assert (told["classic"]["told_bytes"], told["classic"]["released_bytes"]) == (192 << 20, 0)
    assert told["chunks"]["released_bytes"] > 180 << 20
    assert race.improvement("chunks") is None
    said = " ".join(race.remarks)
    assert "classic 49,152" in said
    assert "by the rule of QEMU (QEMU 7.2, hw/virtio/virtio-balloon.c" in said


def test_a_race_of_a_record_leaves_out_what_no_driver_did_and_says_so():
    guest = ReplayedGuest(Guest.idle("64MiB"), [9, 8, 7, 400, 8])
    race = run_race(guest, "32KiB")
    assert list(race.reports) == ["classic", "classic_joined", "chunks"]
    assert race.reports["classic_joined"].counts.releases == 2
    said = " ".join(race.remarks)
    assert "1 page it sent again counts once" in said
    assert "that path is left out" in said
    assert "8 pages were asked for" in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"device": "xen"}, "device 'xen': choose from kit, qemu"),
        ({"device": "crosvm", "host_page": "64KiB"}, "crosvm: knows no host pages over 4 KiB"),
        ({"host_page": "3GiB"}, "not whole host pages"),
    ],
)
def test_a_host_there_cannot_be_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        run_race(Guest.idle("64MiB"), "16MiB", **wrong)


def test_what_waits_in_real_memory_keeps_its_content_and_what_the_model_says_is_gone():
    guest = Guest.aged("64MiB", 0.02, seed=3)
    race = run_race(guest, "50MiB", "madvise", device="qemu", host_page="64KiB")
    for path, report in race.reports.items():
        gone = report.counts.released_pages
        assert 0 < gone <= 12_800 == report.counts.pages
        assert path != "classic" or gone < 12_800
        assert race.checks[path] == (gone, 0, 16384 - gone, 0)
        before, after = report.resident_bytes
        assert before - after == gone * 4096


# Formats of one's own


@pytest.mark.parametrize("host", ["model", "madvise"])
def test_a_format_of_ones_own_races_beside_the_others(host):
    race = run_race(Guest.aged("64MiB", 0.2), "16MiB", host, formats=[Pairs()])
    assert list(race.reports) == [*PATHS, Pairs.name]
    own, chunks = race.reports[Pairs.name].counts, race.reports["chunks"].counts
    assert (own.pages, own.refused_pages, own.released_pages) == (4096, 0, 4096)
    assert own.bytes == 5 * own.entries
    assert own.entries >= chunks.entries
    assert Pairs.name in race.as_dict()["improvement"]
    if host == "madvise":
        assert race.checks[Pairs.name] == (4096, 0, (64 << 8) - 4096, 0)


def test_two_formats_of_one_name_do_not_race():
    with pytest.raises(ValueError, match="choose another"):
        run_race(Guest.idle("1MiB"), "16KiB", formats=[Pairs(), Pairs()])


@pytest.mark.parametrize(
    ("base", "size"), [(0, -1), (1, 0), (0, 1)], ids=["short", "moved", "long"]
)
def test_a_format_whose_host_reads_other_pages_than_the_guest_gave_does_not_race(base, size):
    class Mistaken(Pairs):
        def decode(self, data):
            return [(b + base, max(n + size, 1)) for b, n in super().decode(data)]

    with pytest.raises(ValueError, match=r"given, [\d,]+ were never told, and [\d,]+ other"):
        run_race(Guest.aged("64MiB", 0.2), "16MiB", formats=[Mistaken()])


def test_a_format_another_process_cannot_import_says_what_to_do():
    class Here(Pairs):
        name = "local"

    with pytest.raises(ValueError, match=r"cannot import .*put it into a module"):
        run_race(Guest.idle("64MiB"), "1MiB", "madvise", formats=[Here()])


def test_a_format_is_found_by_file_and_class(tmp_path):
    path = tmp_path / "mine_of_a_test.py"
    path.write_text("from own_format import Pairs\n\nclass Mine(Pairs):\n    name = 'mine'\n")
    assert find_format(f"{path}:Mine").name == "mine"
    with pytest.raises(ValueError, match=r"give FILE\.py:CLASS"):
        find_format("mine")
    with pytest.raises(ValueError, match="Other is None; give a class derived from Format"):
        find_format(f"{path}:Other")
    (tmp_path / "json.py").write_text("")
    with pytest.raises(ValueError, match="rename your file"):
        find_format(f"{tmp_path / 'json.py'}:Mine")
