"""The command: race, predict, look, bench, site, capture, duel, backings, messages."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import MofNCompleteColumn
from rich.table import Table

from balloonkit.backings.command import add_backings
from balloonkit.bench import run_bench
from balloonkit.captures import NEWER, SHIPPED, load_capture
from balloonkit.duel.command import add_duel
from balloonkit.guest.kernel_rules import KernelRules
from balloonkit.look.command import add_look
from balloonkit.messages.command import add_messages
from balloonkit.predict import predict
from balloonkit.progress_bars import report_progress
from balloonkit.race_command import add_race
from balloonkit.terminal import console, report_errors
from balloonkit.units import counted

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after an error or an unexpected finding."""
    options = _parser().parse_args(arguments)
    return report_errors(lambda: options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="balloonkit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    add_race(commands)

    foretell = commands.add_parser("predict", help="the model against what a real guest did")
    foretell.add_argument("file", help=f"a .npz file, or {', '.join(SHIPPED + NEWER)}")
    foretell.add_argument("--json", action="store_true", help="plain data instead of a table")
    foretell.add_argument(
        "--flags-only",
        action="store_true",
        help="start from page flags even if the capture recorded the free lists",
    )
    foretell.set_defaults(run=_predict)

    add_look(commands)

    site = commands.add_parser(
        "site", help="documentation, and the notebooks as pages without a kernel"
    )
    site.add_argument("out", type=Path, help="the folder to write")
    site.set_defaults(run=_site)

    catch = commands.add_parser(
        "capture", help="boot, age and balloon a real guest under QEMU; or this machine as it is"
    )
    catch.add_argument("--memory", help="its RAM (default: 1GiB)")
    catch.add_argument("--leave", help="what it is left with (default: 512MiB)")
    # What --leave was called before, and what QEMU calls it.
    catch.add_argument("--balloon", dest="leave", help=argparse.SUPPRESS)
    catch.add_argument("--age", type=_seed, metavar="seed=N", help="age it first (default: idle)")
    catch.add_argument(
        "--driver",
        choices=("classic", "chunks"),
        default="classic",
        help="the kernel's own, or the proposal's on shared memory (default: classic)",
    )
    catch.add_argument(
        "--shared", action="store_true", help="shared memory for classic too, to compare them on"
    )
    catch.add_argument(
        "--kernel",
        metavar="FILE|FOLDER",
        help="a kernel's package, or the folder it was unpacked in (default: the newest found)",
    )
    catch.add_argument("--json", action="store_true", help="print what the inflate did")
    catch.add_argument("--force", action="store_true", help="replace FILE if it is there")
    catch.add_argument(
        "source",
        nargs="?",
        choices=("here",),
        help="here: a snapshot of this machine instead, without a balloon (needs rights)",
    )
    catch.add_argument("file", help="the .npz file to write")
    catch.set_defaults(run=_capture)

    add_duel(commands)
    add_backings(commands)
    add_messages(commands)

    bench = commands.add_parser("bench", help="this machine's figures, as ratios in one run")
    bench.add_argument("--guest-size", help="real memory to release (default: up to 8GiB)")
    bench.add_argument("--json", action="store_true", help="plain data instead of a table")
    bench.set_defaults(run=_bench)
    return parser


def _predict(options: argparse.Namespace) -> None:
    capture = load_capture(options.file)
    result = asdict(predict(capture, options.flags_only))
    kernel = capture.meta.get("kernel")
    result |= {"kernel": kernel, "rules_of": KernelRules.of(kernel).name}
    if options.json:
        print(json.dumps(result))
        return
    table = Table(
        title=f"{capture.name}: predicted against real",
        caption=_where_from(result),
        show_header=False,
    )
    for key, value in result.items():
        text = f"{value:.4f}" if isinstance(value, float) else str(value)
        table.add_row(key.replace("_", " "), text)
    console().print(table)


def _where_from(result: dict[str, Any]) -> str | None:
    """Say which of the pages asked for were not simply free."""
    asked = counted(result["pages"], "page")
    reclaimed, short = result["reclaimed_pages"], result["shortfall_pages"]
    free = f"{result['pages'] - short - reclaimed:,} of {asked}"
    if short:
        cache = f"it freed {reclaimed:,} of clean page cache, and " if reclaimed else ""
        return f"{free} were free; the rest would need reclaim: {cache}{short:,} were not to be had"
    if reclaimed:
        return (
            f"{free} were free; the rest would need reclaim: it freed {reclaimed:,} of clean page "
            "cache, and which ones is estimated"
        )
    return None


def _site(options: argparse.Namespace) -> None:
    # Only where it is wanted: what builds the site is an extra.
    from balloonkit.publish.site import build_site

    with report_progress(MofNCompleteColumn()) as progress:
        build_site(options.out, progress)
    print(f"{options.out / 'index.html'}")


def _seed(text: str) -> int:
    number = text.removeprefix("seed=")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: write a seed like seed=3")
    return int(number)


def _capture(options: argparse.Namespace) -> None:
    if options.source == "here":
        given = [
            name
            for name in ("memory", "leave", "age", "kernel")
            if getattr(options, name) is not None
        ]
        given += ["driver"] if options.driver != "classic" else []
        given += [name for name in ("shared", "json") if getattr(options, name)]
        if given:
            raise ValueError(f"--{given[0]} is for a guest that is booted; a snapshot has none")
        from balloonkit.live.snapshot import snapshot_here

        snapshot_here(options.file, options.force)
        return
    # Only where it is wanted: the QEMU client is an extra.
    from balloonkit.live import capture

    inflate = capture(
        options.memory or "1GiB",
        options.leave or "512MiB",
        options.age,
        options.file,
        options.force,
        options.driver,
        options.shared,
        options.kernel,
    )
    if options.json:
        print(json.dumps({"driver": options.driver, **inflate.as_dict()}))


def _bench(options: argparse.Namespace) -> None:
    with report_progress(MofNCompleteColumn()) as progress:
        bench = run_bench(options.guest_size, progress)
    if options.json:
        print(json.dumps(bench.as_dict()))
    else:
        console().print(bench.table())


if __name__ == "__main__":
    sys.exit(main())
