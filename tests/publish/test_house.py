"""The drawn house: its picture and table are those of the imports there are."""

import re

import pytest

from balloonkit.publish.house import PICTURE, floors, house_svg, house_table, room_imports

PAGE = PICTURE.parents[1] / "house.md"


def test_the_committed_picture_and_its_table_are_up_to_date():
    imports = room_imports()
    assert PICTURE.read_text() == house_svg(imports), "run: python -m balloonkit.publish.house"
    assert house_table(imports) in PAGE.read_text(), "run: python -m balloonkit.publish.house"


def test_every_arrow_points_down():
    svg = house_svg(room_imports())
    arrows = re.findall(r'<line x1="\d+" y1="(\d+)" x2="\d+" y2="(\d+)"', svg)
    assert len(arrows) > 20
    assert all(int(start) < int(end) for start, end in arrows)


def test_a_circle_has_no_picture_and_its_rooms_are_named():
    with pytest.raises(ValueError, match=r"circle among \['attic', 'cellar'\]"):
        floors({"attic": {"cellar"}, "cellar": {"attic"}, "ground": set()})
