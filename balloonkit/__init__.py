"""Memory ballooning to see, run, break and improve: page allocation, chunk packing, host release.

Examples
--------
>>> from balloonkit.guest import Guest
>>> with Machine(Guest.idle("8GiB")) as machine:
...     report = machine.inflate("7GiB")
>>> report.counts.pages, report.counts.messages
(1835008, 1)
"""

from balloonkit.captures import load_capture
from balloonkit.machine import Machine

__all__ = ["Machine", "load_capture"]
