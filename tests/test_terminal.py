"""How the command talks: widths, and errors in one line."""

import os
import subprocess
import sys

import pytest

from balloonkit.terminal import console, report_errors


@pytest.mark.parametrize(("columns", "width"), [("0", 80), ("3", 80), ("40", 40), ("132", 132)])
def test_a_useless_width_is_not_believed(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert console().width == width


def fail(error):
    def act():
        raise error

    return act


def test_a_module_that_is_missing_is_named_with_the_extra_that_brings_it(capsys):
    missing = ModuleNotFoundError("No module named 'traitlets'", name="traitlets")
    assert report_errors(fail(missing)) == 1
    assert "pip install 'balloonkit[notebooks]'" in capsys.readouterr().err
    with pytest.raises(ModuleNotFoundError):  # a fault of ours is no advice to anyone
        report_errors(fail(ModuleNotFoundError("No module named 'x'", name="x")))


def test_an_interrupt_while_modules_are_imported_is_one_line(tmp_path):
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "balloonkit", "look", "here"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "balloonkit: interrupted\n"
