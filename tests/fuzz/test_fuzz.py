"""The fuzz target over its corpus and over fresh bytes; coverage-guided for a few seconds."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("fuzz_target", HERE / "target.py")
target = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(target)


def operation(code, where, payload):
    return bytes([code]) + where.to_bytes(2, "little") + bytes([len(payload)]) + payload


CHUNK = st.tuples(
    st.integers(0, 800) | st.integers(0, 2**52 - 1),
    st.integers(0, 300) | st.integers(0, 2**52 - 1),
    st.sampled_from([0, 0, 0, 1]),
).map(lambda c: (c[0] << 12 | c[2]).to_bytes(8, "little") + (c[1] << 12).to_bytes(8, "little"))
MESSAGES = (
    st.binary(max_size=60)
    | st.lists(CHUNK, max_size=8).map(lambda c: len(c).to_bytes(8, "little") + b"".join(c))
    | st.lists(st.integers(0, 800).map(lambda p: p.to_bytes(4, "little")), max_size=30).map(
        b"".join
    )
    | st.lists(
        st.tuples(st.integers(0, 800), st.integers(0, 255)).map(
            lambda r: r[0].to_bytes(4, "little") + bytes([r[1]])
        ),
        max_size=12,
    ).map(b"".join)
)
OPERATIONS = st.builds(operation, st.integers(0, 7), st.integers(0, 65535), MESSAGES)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 7), st.lists(OPERATIONS, max_size=12))
def test_no_driver_makes_the_device_leave_ram_lose_a_page_or_keep_a_buffer(mode, operations):
    target.fuzz_device(bytes([mode]) + b"".join(operations))


@pytest.mark.parametrize("path", sorted((HERE / "corpus").iterdir()), ids=lambda p: p.name)
def test_every_input_of_the_corpus_still_holds(path):
    target.fuzz_device(path.read_bytes())


def test_coverage_guided_fuzzing_finds_nothing_in_a_few_seconds(tmp_path):
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python")
    done = subprocess.run(
        [sys.executable, HERE / "run.py", tmp_path, HERE / "corpus", "-max_total_time=5"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
