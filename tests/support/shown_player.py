"""A page with the step player on it, and what a reader does there."""

import re

from sample_traces import CLASSIC

from balloonkit import trace_inflate
from balloonkit.guest import Guest
from balloonkit.wire import PFN_ARRAY

KINDS = {
    "64": {"pages": 64, "inflate": 20, "hole": (24, 32)},
    "classic": {"pages": 256, "inflate": 40, "path": CLASSIC},
    "64 KiB pages": {"pages": 128, "inflate": 30, "scale": 16},
    "4096": {"pages": 4096, "inflate": 800, "order": 2},
    "there and back": {"pages": 64, "inflate": 20, "hole": (24, 32), "there_and_back": True},
}


def _only_the_start(trace):
    plain = trace.as_dict()
    return plain | {"steps": plain["steps"][:3]}


#: Runs of the real allocator, driver and host map.
TRACED = {
    "traced": lambda: trace_inflate(Guest.aged("256KiB", 0.5), 20).as_dict(),
    "traced 4096": lambda: trace_inflate(Guest.aged("16MiB", 0.5), 2600).as_dict(),
    "traced, 1 GiB in a window": lambda: trace_inflate(
        Guest.aged("1GiB", 0.3), 900, deflate=True
    ).as_dict(),
    "traced, nothing sent": lambda: _only_the_start(trace_inflate(Guest.idle("256KiB"), 4)),
    "traced classic": lambda: trace_inflate(Guest.idle("1MiB"), 99, PFN_ARRAY).as_dict(),
}


def position(page):
    text = page.locator(".bk-at").inner_text()
    return -1 if text.startswith("start") else int(re.match(r"step (\d+) of", text)[1])


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return position(page)


def jump(page, text):
    page.get_by_label("Jump to").fill(str(text))
    page.keyboard.press("Enter")
    return position(page)
