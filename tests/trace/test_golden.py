"""The named runs are what they were, and nobody forgot to write one down."""

import json

import pytest
from golden import FOLDER, RUNS, golden

from balloonkit.trace import STAGE_OF


def stored(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", RUNS)
def test_a_run_still_gives_its_golden_trace_states_and_texts(name):
    made = json.loads(json.dumps(golden(name)))
    kept = stored(name)
    for number, (step, expected) in enumerate(
        zip(made["trace"]["steps"], kept["trace"]["steps"], strict=True)
    ):
        assert step == expected, f"step {number}"
    assert made == kept


def test_every_file_is_of_a_run_that_exists():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RUNS)


def test_golden_traces_stay_small():
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.json")}
    assert {name: size for name, size in sizes.items() if size > 40_000} == {}


def test_together_they_show_every_kind_of_step():
    kinds = {step["kind"] for name in RUNS for step in stored(name)["trace"]["steps"]}
    assert set(STAGE_OF) - kinds == set()
