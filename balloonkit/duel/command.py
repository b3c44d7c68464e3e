"""``balloonkit duel``: its options, and what is printed."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from balloonkit.terminal import console
from balloonkit.units import counted

__all__ = ["add_duel"]


def add_duel(commands: Any) -> None:
    """Add ``duel`` to the sub-commands of an `argparse.ArgumentParser`."""
    duel = commands.add_parser("duel", help="this kit's device against QEMU's own")
    duel.add_argument(
        "--messages", type=int, default=2000, metavar="N", help="exchanges (default: 2000)"
    )
    duel.add_argument("--seed", type=int, default=1, help="another seed, other messages")
    duel.add_argument("--qemu", metavar="PATH", help="the program (default: on PATH)")
    duel.add_argument("--family", action="append", default=[], help="only this one; repeatable")
    duel.add_argument("--json", action="store_true", help="plain data instead of tables")
    duel.add_argument(
        "--vectors", type=Path, metavar="OUT.json", help="write a few of each family for others"
    )
    duel.set_defaults(run=_duel)


def _duel(options: argparse.Namespace) -> int:
    # Only where it is wanted: the other commands need no QEMU.
    from rich.progress import MofNCompleteColumn

    from balloonkit.duel import report, run_duel
    from balloonkit.duel.vectors import make_vectors, write_vectors
    from balloonkit.progress_bars import report_progress

    if options.vectors:
        with report_progress(MofNCompleteColumn()) as progress:
            vectors = make_vectors(options.seed, options.qemu, progress)
        write_vectors(options.vectors, vectors)
        for line in report.not_asked(vectors["not_asked"]):
            print(line)
        print(f"{options.vectors}: {counted(len(vectors['vectors']), 'vector')}")
        return 0
    with report_progress(MofNCompleteColumn()) as progress:
        found = run_duel(
            options.messages, options.seed, options.qemu, only=options.family, progress=progress
        )
    verdict = report.judge(found)
    if options.json:
        print(json.dumps(report.as_dict(verdict)))
    else:
        out = console()
        out.print(report.agreements_table(found), report.differences_table(verdict))
        out.print(*report.not_asked(found.skipped), verdict.summary, sep="\n")
    for surprise in verdict.surprises:
        print(f"balloonkit: not expected: {surprise}", file=sys.stderr)
    return 1 if verdict.surprises else 0
