"""The command's way in: an interrupt is caught from the first import on, `look` comes at once."""

import argparse
import sys

from balloonkit.terminal import report_errors

__all__ = ["main"]


def main() -> int:
    """Run the command with the arguments of this process; return its exit status."""
    return report_errors(lambda: _run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    if arguments[:1] != ["look"]:
        from balloonkit.cli import main as run

        return run(arguments)
    # Only what `look` needs: with the rest it would take twice as long.
    from balloonkit.look.command import add_look

    parser = argparse.ArgumentParser(prog="balloonkit")
    add_look(parser.add_subparsers())
    options = parser.parse_args(arguments)
    options.run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
