"""Coverage-guided fuzzing by hand: ``python tests/fuzz/run.py -runs=1000000 [CORPUS]``.

Needs atheris (PyPI, Linux). Arguments are libFuzzer's; new inputs go to the first corpus folder.
"""

import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
with atheris.instrument_imports(include=["balloonkit.host", "balloonkit.wire"]):
    from target import fuzz_device


def main():
    """Hand the target to libFuzzer; it does not return."""
    atheris.Setup(sys.argv, fuzz_device)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
