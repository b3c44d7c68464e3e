"""The command: race, predict, bench, site, capture."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from balloonkit.bench import run_bench
from balloonkit.captures import SHIPPED, load_capture
from balloonkit.paths import label_of
from balloonkit.predict import predict
from balloonkit.race import Progress as ReportProgress
from balloonkit.race import Race, find_format, find_guest, run_race
from balloonkit.units import BALLOON_PAGE_BYTES, counted, format_size

__all__ = ["main"]

#: What is counted on each path, and what a table calls it.
_COUNTS = {
    "pages": "pages told",
    "refused_pages": "  refused",
    "released_pages": "  released",
    "allocations": "allocations",
    "messages": "messages",
    "bytes": "bytes",
    "entries": "entries",
    "translations": "translations",
    "releases": "releases",
}

#: What reading the whole memory afterwards found, in pages; the second and fourth must be 0.
_CHECKS = {
    "read released": "released_pages",
    "  not zero": "released_not_zero",
    "read kept": "kept_pages",
    "  changed": "kept_changed",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after an error said in one line."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, MemoryError, OSError, RuntimeError) as error:
        print(f"balloonkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("balloonkit: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="balloonkit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    race = commands.add_parser("race", help="classic against chunks on the same guest")
    race.add_argument(
        "--guest",
        default="idle-8g",
        help=f"a capture ({', '.join(SHIPPED)}), a .npz file, or a size such as 8GiB",
    )
    race.add_argument("--inflate", help="how much to take (default: seven eighths of the guest)")
    race.add_argument(
        "--host",
        choices=("model", "madvise"),
        default="model",
        help="count only and show model time, or release real memory and measure",
    )
    race.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FILE.py:CLASS",
        help="a message format of your own, to race beside the others; may be repeated",
    )
    race.add_argument("--huge-pages", action="store_true", help="with madvise: 2 MiB pages")
    race.add_argument("--json", action="store_true", help="plain data instead of a table")
    race.set_defaults(run=_race)

    foretell = commands.add_parser("predict", help="the model against what a real guest did")
    foretell.add_argument("file", help=f"a .npz file, or {', '.join(SHIPPED)}")
    foretell.add_argument("--json", action="store_true", help="plain data instead of a table")
    foretell.add_argument(
        "--flags-only",
        action="store_true",
        help="start from page flags even if the capture recorded the free lists",
    )
    foretell.set_defaults(run=_predict)

    site = commands.add_parser(
        "site", help="documentation, and the notebooks as pages without a kernel"
    )
    site.add_argument("out", type=Path, help="the folder to write")
    site.set_defaults(run=_site)

    catch = commands.add_parser("capture", help="boot, age and balloon a real guest under QEMU")
    catch.add_argument("--memory", default="1GiB", help="its RAM (default: 1GiB)")
    catch.add_argument("--balloon", default="512MiB", help="what it is left with (default: 512MiB)")
    catch.add_argument("--age", type=_seed, metavar="seed=N", help="age it first (default: idle)")
    catch.add_argument("--force", action="store_true", help="replace FILE if it is there")
    catch.add_argument("file", help="the .npz file to write")
    catch.set_defaults(run=_capture)

    bench = commands.add_parser("bench", help="this machine's figures, as ratios in one run")
    bench.add_argument("--guest-size", help="real memory to release (default: up to 8GiB)")
    bench.add_argument("--json", action="store_true", help="plain data instead of a table")
    bench.set_defaults(run=_bench)
    return parser


def _race(options: argparse.Namespace) -> None:
    guest = find_guest(options.guest)
    inflate = options.inflate or guest.size_bytes // 8 * 7
    with _progress(DownloadColumn(binary_units=True)) as progress:
        formats = [find_format(source) for source in options.format]
        race = run_race(guest, inflate, options.host, options.huge_pages, progress, formats)
    if options.json:
        print(json.dumps(race.as_dict()))
    else:
        Console(highlight=False).print(_race_table(race))


def _race_table(race: Race) -> Table:
    clock = "model time, costs of 2017" if race.host == "model" else "measured on this machine"
    saved = [race.improvement(path) for path in race.reports]
    notes = [f"ms: {clock}", *race.remarks]
    if None in saved:
        notes.append("-: not as many pages released as by classic, so no saving is claimed")
    caption = "\n".join(notes)
    table = Table(
        title=f"{race.guest}: inflate {format_size(race.inflate_pages * BALLOON_PAGE_BYTES)}",
        caption=caption,
    )
    table.add_column("")
    for path in race.reports:
        table.add_column(label_of(path), justify="right")
    for row, title in _COUNTS.items():
        table.add_row(title, *(f"{getattr(r.counts, row):,}" for r in race.reports.values()))
    table.add_section()
    seconds = {path: race.seconds(path).as_dict() for path in race.reports}
    for stage in seconds["classic"]:
        table.add_row(f"{stage} ms", *(f"{s[stage] * 1000:,.1f}" for s in seconds.values()))
    table.add_row("saved", "", *("-" if s is None else f"{s:.1%}" for s in saved[1:]))
    if race.host == "madvise":
        table.add_section()
        for moment, index in (("before", 0), ("after", 1)):
            sizes = (format_size(r.resident_bytes[index]) for r in race.reports.values())
            table.add_row(f"resident {moment}", *sizes)
        for title, field in _CHECKS.items():
            found = [getattr(race.checks.get(path), field, None) for path in race.reports]
            table.add_row(title, *("not checked" if n is None else f"{n:,}" for n in found))
    return table


@contextmanager
def _progress(amount: ProgressColumn) -> Iterator[ReportProgress]:
    """A bar on standard error for whatever is reported; nothing when nobody looks."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        amount,
        TimeRemainingColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield report


def _predict(options: argparse.Namespace) -> None:
    capture = load_capture(options.file)
    result = asdict(predict(capture, options.flags_only))
    if options.json:
        print(json.dumps(result))
        return
    short = result["shortfall_pages"]
    found = f"{result['pages'] - short:,} of {counted(result['pages'], 'page')}"
    caption = f"the model found {found}; the rest would need reclaim, which it has none of"
    table = Table(
        title=f"{capture.name}: predicted against real",
        caption=caption if short else None,
        show_header=False,
    )
    for key, value in result.items():
        text = f"{value:.4f}" if isinstance(value, float) else str(value)
        table.add_row(key.replace("_", " "), text)
    Console(highlight=False).print(table)


def _site(options: argparse.Namespace) -> None:
    # Only where it is wanted: what builds the site is an extra.
    from balloonkit.lab.site import build_site

    with _progress(MofNCompleteColumn()) as progress:
        build_site(options.out, progress)
    print(f"{options.out / 'index.html'}")


def _seed(text: str) -> int:
    number = text.removeprefix("seed=")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: write a seed like seed=3")
    return int(number)


def _capture(options: argparse.Namespace) -> None:
    # Only where it is wanted: the QEMU client is an extra.
    from balloonkit.live import capture

    capture(options.memory, options.balloon, options.age, options.file, options.force)


def _bench(options: argparse.Namespace) -> None:
    with _progress(MofNCompleteColumn()) as progress:
        bench = run_bench(options.guest_size, progress)
    if options.json:
        print(json.dumps(bench.as_dict()))
    else:
        Console(highlight=False).print(bench.table())


if __name__ == "__main__":
    sys.exit(main())
