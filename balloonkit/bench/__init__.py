"""This machine's figures, as ratios in one run: ``balloonkit bench``.

`docs/speed.md` says how each is reached.
"""

from balloonkit.bench.run import BenchReport, run_bench

__all__ = ["BenchReport", "run_bench"]
