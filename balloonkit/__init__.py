"""Memory ballooning to see, run, break and improve: page allocation, chunk packing, host release.

Examples
--------
>>> from balloonkit import Guest, Machine
>>> with Machine(Guest.idle("8GiB")) as machine:
...     report = machine.inflate("7GiB")
>>> report.counts.pages, report.counts.messages
(1835008, 1)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from balloonkit.captures import load_capture
    from balloonkit.guest import Guest
    from balloonkit.machine import Machine
    from balloonkit.race import run_race
    from balloonkit.trace import trace_inflate
    from balloonkit.wire import Feature

    __version__: str

__all__ = [
    "Feature",
    "Guest",
    "Machine",
    "__version__",
    "load_capture",
    "run_race",
    "trace_inflate",
]

# Each is imported when it is asked for: a command that needs one of them need not wait for all.
_HOMES = {
    "load_capture": "balloonkit.captures",
    "Guest": "balloonkit.guest",
    "Machine": "balloonkit.machine",
    "run_race": "balloonkit.race",
    "trace_inflate": "balloonkit.trace",
    "Feature": "balloonkit.wire",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("balloonkit")
    if name not in _HOMES:
        raise AttributeError(f"module 'balloonkit' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
