"""Parameters of the driver: checked here as in the kernel."""

import re

import pytest

from balloonkit.live import DriverOptions
from balloonkit.live.driver import SOURCES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("message_chunks", 0),
        ("message_chunks", 2048),
        ("bitmap_bits", 100),
        ("bitmap_bits", 262208),
        ("max_bitmaps", 33),
        ("ack_timeout_ms", 0),
    ],
)
def test_a_value_the_driver_would_refuse_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} {value}: give "):
        DriverOptions(**{name: value})


def test_the_names_are_those_of_the_modules_parameters():
    source = "".join(path.read_text() for path in SOURCES)
    parameters = re.findall(r"^module_param\((\w+),", source, re.MULTILINE)
    assert [word.partition("=")[0] for word in DriverOptions().words().split()] == parameters
