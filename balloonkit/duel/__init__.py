"""The kit's device against QEMU's own, message by message.

Families of exchanges, right and wrong ones, are written into the same memory of both, and what came
back, what was released and whether a device broke is compared. Differences that are known are data
(`expected.json`); any other fails.

>>> from balloonkit.duel import judge, run_duel
>>> judge(run_duel(messages=100)).surprises  # doctest: +SKIP
[]
"""

from balloonkit.duel.expected import expected_differences
from balloonkit.duel.families import FAMILIES
from balloonkit.duel.found import Duel
from balloonkit.duel.report import judge
from balloonkit.duel.run import run_duel

__all__ = ["FAMILIES", "Duel", "expected_differences", "judge", "run_duel"]
