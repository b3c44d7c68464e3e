"""Texts of real machines, and texts written for the purpose with noise around them."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_texts import machines, write_text

from balloonkit.captures.texts import TextError, parse_buddyinfo, read_texts

TEXTS = Path(__file__).parents[2] / "texts"
RIGHT = json.loads((TEXTS / "right_values.json").read_text())


@pytest.mark.parametrize("name", RIGHT)
def test_every_text_is_read_number_for_number(name):
    zones = {f"{z.node}/{z.name}": z for z in read_texts((TEXTS / name).read_bytes()).zones}
    assert zones.keys() == RIGHT[name].keys()
    for key, right in RIGHT[name].items():
        zone = zones[key]
        assert (zone.counts, zone.page_kb) == (right["counts"], right["page_kb"])
        assert zone.free_pages * zone.page_kb == right["free_kb"]
        if "movable_counts" in right:
            assert zone.by_type["Movable"] == right["movable_counts"]


def test_zoneinfo_tells_watermarks_sizes_and_where_zones_begin():
    reading = read_texts((TEXTS / "zoneinfo_vm_2node_16g_linux66.txt").read_bytes())
    assert [(z.node, z.name) for z in reading.zones] == [
        (0, "DMA"),
        (0, "DMA32"),
        (0, "Normal"),
        (1, "Normal"),
    ]
    normal = reading.zones[3]
    assert (normal.start_pfn, normal.spanned_pages, normal.managed_pages) == (
        2621440,
        2097152,
        2086594,
    )
    assert vars(reading.zones[1].watermarks) == {
        "min_pages": 2687,
        "low_pages": 3358,
        "high_pages": 4029,
        "reserve_pages": 6015,
    }
    assert "Node 1, zone Movable: holds no memory, left out" in reading.notes


def test_two_texts_of_one_machine_are_put_together():
    both = b"\n".join(
        (TEXTS / f"{name}_vm_2node_16g_linux66.txt").read_bytes()
        for name in ("pagetypeinfo", "zoneinfo")
    )
    reading = read_texts(both)
    assert reading.recognised == ("pagetypeinfo", "zoneinfo")
    assert all(zone.counts and zone.watermarks for zone in reading.zones)


def test_the_failed_request_and_the_letters_of_a_report_are_kept():
    reading = read_texts((TEXTS / "showmem_order5_noprefix_32g.txt").read_bytes())
    assert [request.order for request in reading.failed] == [5]
    assert reading.zones[2].letters[5:8] == ["H", "", "H"]


@settings(max_examples=300)
@given(st.data())
def test_what_is_written_with_noise_around_it_is_read_back(data):
    machine = data.draw(machines())
    text = data.draw(write_text(machine))
    reading = read_texts(text)
    read = {(z.node, z.name): (z.counts, z.page_kb) for z in reading.zones}
    assert read == {key: (counts, machine.page_kb) for key, counts in machine.zones.items()}


@settings(max_examples=3000)
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_refused_or_answered_with_what_was_ignored(data):
    with suppress(TextError):
        reading = read_texts(data)
        assert reading.zones
        assert reading.recognised


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no free memory of any zone in 0 characters"),
        ("Node 0, zone Normal 1 2 3", "a row of 3 columns, too few"),
        ("Node 0, zone Normal " + 11 * " 9999999999999999", "more than any machine has"),
        ("Node 0, zone Normal " + "9" * 320 + 10 * " 1", "of 320 digits"),
        ("Normal: 14kB 28kB", "a row of 2 columns and no sum is cut"),
    ],
)
def test_a_text_that_cannot_be_answered_is_refused_with_the_reason(text, said):
    with pytest.raises(TextError, match=said):
        read_texts(text)


def test_sums_that_do_not_hold_are_said():
    text = (TEXTS / "showmem_arm64_64k_cma_2g.txt").read_text()
    wrong = read_texts(text.replace("12*64kB", "13*64kB"))
    note = "its blocks make 613,184 kB, but the text says 613,120 kB: a figure is wrong"
    assert any(note in said for said in wrong.notes)


def test_a_cut_row_is_left_out_and_said_and_never_taken_for_a_small_zone():
    rows = (TEXTS / "buddyinfo_2node_db_server.txt").read_text().splitlines()
    reading = read_texts("\n".join([*rows[:3], rows[3][:60]]))
    assert [(z.node, z.name) for z in reading.zones] == [(0, "DMA"), (0, "DMA32"), (0, "Normal")]
    assert any("Node 1, zone Normal: a row of 6 columns" in note for note in reading.notes)


def test_counts_the_kernel_stopped_at_are_lower_bounds():
    row = "Node    0, zone   Normal, type      Movable >100000" + 10 * "      7"
    reading = read_texts("Free pages count per migrate type at order 0 1\n" + row)
    assert reading.zones[0].at_least
    assert reading.zones[0].counts == [100000] + 10 * [7]


def test_both_indices_are_told_apart_by_their_first_figure_or_a_heading():
    unusable = "Node 0, zone Normal 0.000 0.100 0.250" + 8 * " 1.000"
    fragmentation = "Node 0, zone Normal -1.000 -1.000 0.913" + 8 * " 0.957"
    zone = read_texts(f"{unusable}\n{fragmentation}").zones[0]
    assert zone.unusable_told[:3] == [0, 100, 250]
    assert zone.fragmentation_told[:3] == [-1000, -1000, 913]
    zeros = "Node 0, zone Normal" + 11 * " 0.000"
    zone = read_texts(f"==> extfrag/extfrag_index <==\n{zeros}").zones[0]
    assert zone.fragmentation_told == [0] * 11
    assert zone.unusable_told is None


def test_zones_of_two_nodes_are_never_one():
    text = (TEXTS / "buddyinfo_2node_db_server.txt").read_text()
    blocks = parse_buddyinfo(text)
    assert list(blocks) == ["DMA", "DMA32", "Normal", "1/Normal"]
    assert blocks["Normal"][0] == 8394


ROWS = (TEXTS / "buddyinfo_2node_db_server.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda rows: "\n".join("/proc/buddyinfo:" + r for r in rows), id="grep"),
        pytest.param(lambda rows: "\n".join("  ".join(r.split()) for r in rows), id="columns"),
        pytest.param(lambda rows: "\n".join(rows).replace("   ", "\t"), id="tabs"),
        pytest.param(" ".join, id="one line"),
        pytest.param(lambda rows: json.dumps({"text": "\n".join(rows)}), id="JSON"),
        pytest.param(lambda rows: "<pre>" + "<br/>".join(rows) + "</pre>", id="HTML"),
        pytest.param(lambda rows: "\n".join(f'    "{r}",' for r in rows), id="list of strings"),
        pytest.param(lambda rows: "\n".join(">" + r for r in rows), id="quoted"),
        pytest.param(lambda rows: "\n".join(f"| {r.strip()} |" for r in rows), id="table"),
        pytest.param(lambda rows: "\n".join(rows).encode("utf-16"), id="UTF-16"),
        pytest.param(lambda rows: "\n".join(rows).replace(" ", "\u00a0"), id="no-break spaces"),
        pytest.param(lambda rows: "\n".join(rows) + " root@web1:~# exit", id="prompt at the end"),
        pytest.param(lambda rows: "\n".join(rows).replace("zone", "\nzone"), id="label folded"),
        pytest.param(lambda rows: "\n".join(r[:60] + "=\n" + r[60:] for r in rows), id="raw mail"),
        pytest.param(lambda rows: "\n".join(rows) + "\n12345\n", id="a stray number"),
    ],
)
def test_no_wrapping_hides_or_changes_a_row(spoil):
    zones = {f"{z.node}/{z.name}": z.counts for z in read_texts(spoil(ROWS)).zones}
    right = RIGHT["buddyinfo_2node_db_server.txt"]
    assert zones == {key: zone["counts"] for key, zone in right.items()}


def test_counts_by_type_that_stopped_do_not_spoil_those_of_buddyinfo():
    types = "Node    0, zone   Normal, type      Movable >100000" + 10 * "      7"
    zone = read_texts(f"{types}\nNode 0, zone   Normal 250000{10 * ' 7'}").zones[0]
    assert (zone.at_least, zone.types_at_least) == (False, True)
    assert zone.counts[0] == 250_000


def test_types_of_another_number_of_orders_are_left_out_and_said():
    types = "Node    0, zone   Normal, type      Movable" + 12 * "      7"
    reading = read_texts(f"{types}\nNode 0, zone   Normal{11 * ' 9'}")
    assert reading.zones[0].counts == 11 * [9]
    assert reading.zones[0].by_type == {}
    assert any("11 orders in one text and 12 in another" in note for note in reading.notes)


@pytest.mark.parametrize("letters", ["", " (U)", " (UME)"])
def test_rows_folded_right_before_each_sum_are_no_codes_of_mail(letters):
    columns = " ".join(f"2*{4 << order}kB{letters}" for order in range(11))
    row = f"Node 0 Normal: {columns} =\n{2 * 2047 * 4}kB\n"
    assert read_texts(f"Mem-Info:\n{row}").zones[0].counts == [2] * 11
