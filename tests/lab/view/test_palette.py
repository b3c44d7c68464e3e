"""Colours everybody can tell apart and read on, each with a letter and a hatch of its own."""

from itertools import combinations

import numpy as np
import pytest

from balloonkit.lab.view import palette
from balloonkit.lab.view.palette import contrast, ink_on, rgb

#: Okabe and Ito (2008), "Color Universal Design", figure 16.
OKABE_ITO = {
    "BLACK": (0, 0, 0),
    "ORANGE": (230, 159, 0),
    "SKY": (86, 180, 233),
    "GREEN": (0, 158, 115),
    "YELLOW": (240, 228, 66),
    "BLUE": (0, 114, 178),
    "VERMILLION": (213, 94, 0),
    "PURPLE": (204, 121, 167),
}
GROUPS = {
    "pages": palette.PAGE_LOOKS,
    "blocks": palette.BLOCK_LOOKS,
    "bits": palette.BIT_LOOKS,
    "host": palette.HOST_LOOKS,
    "sent": palette.SENT_LOOKS,
    "fates": palette.FATE_LOOKS,
    "stages": tuple(palette.STAGE_LOOKS.values()),
    "paths": tuple(palette.PATH_LOOKS.values()),
    "formats": tuple(palette.FORMAT_LOOKS.values()),
}
#: What eyes without red, green or blue cones see of linear RGB: Machado, Oliveira and Fernandes
#: (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
SEEN_WITHOUT = {
    "red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: sRGB to CIE XYZ, each row divided by its white (D65).
TO_XYZ = np.array(
    [
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    ]
) / np.array([[0.95047], [1.0], [1.08883]])
#: CIELAB distance that nobody overlooks between two patches side by side; 2.3 is just noticeable.
APART = 15
READABLE, TOLD_APART = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
PAIRS = [
    pytest.param(one, other, id=f"{group}: {one.label}, {other.label}")
    for group, looks in GROUPS.items()
    for one, other in combinations(looks, 2)
]


def lab_seen(colour, without):
    """Return the CIELAB place of a colour as eyes without one kind of cone see it."""
    parts = np.array(rgb(colour)) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(TO_XYZ @ (np.array(SEEN_WITHOUT[without]) @ linear).clip(1e-3, 1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_colours_are_okabe_and_itos():
    assert {name: rgb(getattr(palette, name)) for name in OKABE_ITO} == OKABE_ITO


def test_contrast_is_wcags():
    assert contrast("#000000", "#FFFFFF") == contrast("#FFFFFF", "#000000") == 21
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("group", GROUPS)
def test_a_letter_can_be_read_on_every_colour(group):
    poor = [x.label for x in GROUPS[group] if contrast(ink_on(x.colour), x.colour) < READABLE]
    assert poor == []


@pytest.mark.parametrize("without", SEEN_WITHOUT)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_two_kinds_look_alike_to_colour_blind_eyes(one, other, without):
    distance = np.linalg.norm(lab_seen(one.colour, without) - lab_seen(other.colour, without))
    assert distance >= APART


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_without_any_colour_a_letter_tells_and_a_hatch_or_brightness(one, other):
    assert one.letter != other.letter
    assert one.hatch != other.hatch or contrast(one.colour, other.colour) >= TOLD_APART


def test_the_check_finds_colours_that_are_not_safe():
    # a red and a green of one brightness: the pair most palettes get wrong
    red, green = lab_seen("#C04000", "green"), lab_seen("#6F7A00", "green")
    assert np.linalg.norm(red - green) < APART
