"""A capture of a guest nobody has seen before, against what the model foretells of it."""

import json

import pytest

from balloonkit.captures import load_capture
from balloonkit.cli import main
from balloonkit.live import capture
from balloonkit.predict import predict
from balloonkit.wire import pack_chunks


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize(
    ("age_seed", "chunks_off"),
    [(None, lambda real: 5), (1, lambda real: real * 0.02)],
    ids=["idle", "aged"],
)
def test_the_model_foretells_a_live_capture_within_the_bounds_of_the_shipped_ones(
    tmp_path, age_seed, chunks_off
):
    """Measured at this size: overlap 0.99 idle, 0.97 to 0.98 aged with seeds 1 to 3.

    A guest of 512 MiB and less has too many of its pages in per-CPU lists and kernel blocks for
    this: 0.92 and 0.95 were measured.
    """
    capture("1GiB", "512MiB", age_seed, tmp_path / "live.npz")

    result = predict(load_capture(tmp_path / "live.npz"))

    assert result.pages == 131_072
    assert result.buddyinfo_exact
    assert result.overlap >= 0.95
    assert abs(result.chunks_predicted - result.chunks_real) <= chunks_off(result.chunks_real)


@pytest.mark.usefixtures("driver_built")
def test_the_command_prints_what_an_inflate_in_chunks_did(tmp_path, capsys):
    file = tmp_path / "chunks.npz"
    words = ("capture", "--driver", "chunks", "--memory", "256MiB", "--leave", "128MiB")
    main((*words, str(file), "--json"))
    report = json.loads(capsys.readouterr().out)
    seconds, freed_bytes = report.pop("seconds"), report.pop("freed_bytes")
    sent = load_capture(file).inflate_pfns
    chunks = len(pack_chunks(sent))
    assert report == {
        "driver": "chunks",
        "pages": len(sent),
        "messages": 1,
        "entries": chunks,
        "releases": chunks,
    }
    assert len(sent) == 32_768
    assert seconds > 0 <= freed_bytes
