"""A table holds numbers; text and HTML are written from them in one place."""

import numpy as np
import pytest

from balloonkit.lab.view.table import (
    Table,
    cell_text,
    hexadecimal,
    mib,
    ms,
    ratio,
    seconds,
    share,
    size,
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0, "0"),
        (1_835_008, "1,835,008"),
        (np.uint64(1 << 40), "1,099,511,627,776"),
        (ms(4.1264), "4,126"),
        (ms(0.0123, 1), "12.3"),
        (seconds(3661.004), "3,661.00"),
        (share(0.857, 1), "85.7%"),
        (ratio(0.5), "0.50"),
        (mib(3 << 19), "1.5"),
        (size(512 << 20), "512 MiB"),
        (hexadecimal(0x140000), "0x140000"),
        (True, "yes"),
        (np.bool_(False), "no"),
        (None, "-"),
        ("refused", "refused"),
    ],
)
def test_a_number_is_written_by_its_unit(cell, text):
    assert cell_text(cell) == text


def test_a_bare_float_is_refused_with_what_to_say_instead():
    with pytest.raises(TypeError, match=r"0\.5 in a table: say how it is written"):
        cell_text(0.5)


def test_text_and_html_say_the_same_and_the_numbers_stay_numbers():
    table = Table(
        "Two paths", ["path", "pages", "ms"], [["classic", 7168, ms(0.25)], ["x", 0, None]]
    )

    words = [line.split() for line in table.as_text().splitlines()[2:]]

    assert words == table.texts() == [["classic", "7,168", "250"], ["x", "0", "-"]]
    for row in table.texts():
        assert all(f">{text}<" in table.as_html() for text in row)
    assert table.rows[0][1] + 1 == 7169
    assert table.rows[0][2].value == 0.25


def test_text_from_data_cannot_become_markup():
    table = Table("<b>&", ["<i>"], [["<script>"]])

    assert table.as_html() == (
        '<table><caption>&lt;b&gt;&amp;</caption><thead><tr><th scope="col">&lt;i&gt;</th></tr>'
        '</thead><tbody><tr><th scope="row">&lt;script&gt;</th></tr></tbody></table>'
    )
