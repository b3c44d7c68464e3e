"""Memory ballooning to see, run, break and improve: page allocation, chunk packing, host release.

Examples
--------
>>> with Machine(Guest.idle("8GiB")) as machine:
...     report = machine.inflate("7GiB")
>>> report.counts.pages, report.counts.messages
(1835008, 1)
"""

from importlib.metadata import version

from balloonkit.captures import load_capture
from balloonkit.guest import Guest
from balloonkit.machine import Machine
from balloonkit.race import run_race
from balloonkit.trace import trace_inflate
from balloonkit.wire import Feature

__version__ = version("balloonkit")

__all__ = [
    "Feature",
    "Guest",
    "Machine",
    "__version__",
    "load_capture",
    "run_race",
    "trace_inflate",
]
