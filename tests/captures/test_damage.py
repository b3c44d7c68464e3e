"""Damaged captures: refused with the field's name, or read as exactly what they were."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from balloonkit.captures import CaptureError, load_capture
from balloonkit.predict import predict

WHOLE = Path(__file__).parent / "recorded-384m.npz"
DATA = WHOLE.read_bytes()
with np.load(WHOLE) as archive:
    FIELDS = {key: archive[key] for key in archive.files}
CAPTURE = load_capture(WHOLE)
TEXTS = [key for key, value in FIELDS.items() if value.dtype.kind == "U" and key != "meta"]
ARRAYS = [key for key, value in FIELDS.items() if value.ndim]


def damaged(tmp_path, **changed):
    fields = {key: changed.get(key, value) for key, value in FIELDS.items()}
    path = tmp_path / "damaged.npz"
    np.savez(path, **{key: value for key, value in fields.items() if value is not None})
    return path


def refused_by_name_or_possible(path, name):
    """Return whether it was refused; what was not must lead to figures that can be."""
    try:
        capture = load_capture(path)
    except CaptureError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert name in said
        return True
    result = predict(capture)
    assert 0 <= result.overlap <= 1
    assert 0 <= result.chunks_predicted <= result.pages
    assert 0 <= result.chunks_real <= result.pages <= capture.guest_bytes >> 12
    return False


ARRAY_DAMAGE = {
    "cut": lambda a, rng: a[: len(a) // 2],
    "doubled": lambda a, rng: np.concatenate([a, a]),
    "as floats": lambda a, rng: a.astype(float),
    "as bytes of nothing": lambda a, rng: np.zeros(0, a.dtype),
    "one dimension more": lambda a, rng: a[None],
    "zeros": lambda a, rng: np.zeros_like(a),
    "the largest": lambda a, rng: np.full_like(a, np.iinfo(a.dtype).max),
    "at random": lambda a, rng: rng.integers(0, np.iinfo(a.dtype).max, a.shape, a.dtype),
    "one element": lambda a, rng: _one_changed(a, rng),
    "reversed": lambda a, rng: a[::-1].copy(),
    "shuffled": lambda a, rng: rng.permutation(a),
    "objects": lambda a, rng: np.array([None]),
}


def _one_changed(array, rng):
    changed = array.copy().reshape(-1)
    changed[rng.integers(len(changed))] ^= array.dtype.type(1 << 3)
    return changed.reshape(array.shape)


@pytest.mark.parametrize("kind", ARRAY_DAMAGE)
@pytest.mark.parametrize("key", ARRAYS)
def test_a_damaged_array_is_refused_or_leads_to_possible_figures(tmp_path, key, kind):
    array = ARRAY_DAMAGE[kind](FIELDS[key], np.random.default_rng(1))
    path = damaged(tmp_path, **{key: array})
    field = key.removesuffix("_delta").removesuffix("_codes").removesuffix("_values")
    # A wrong code shows where two parts disagree, and the other may be the one that is named.
    related = "" if kind in ("at random", "one element", "reversed", "shuffled", "zeros") else field
    refused = refused_by_name_or_possible(path, related)
    # Flag words no page has, and per-CPU pages that are missing, are in no other part.
    unseen = {("values", "doubled"), ("before", "cut")}
    shape_is_wrong = kind in ("cut", "doubled", "as floats", "one dimension more", "objects")
    if shape_is_wrong and (key.split("_")[-1], kind) not in unseen:
        assert refused


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize(
    "change",
    [lambda t: "", lambda t: t[: len(t) // 2], lambda t: t.replace("1", "9"), lambda t: t[::-1]],
)
def test_a_damaged_text_is_refused_or_leads_to_possible_figures(tmp_path, key, change):
    refused_by_name_or_possible(damaged(tmp_path, **{key: np.array(change(str(FIELDS[key])))}), "")


@pytest.mark.parametrize("line", ["start_pfn", "min ", "low ", "batch", "protection", "managed"])
def test_zoneinfo_without_a_line_is_refused_by_its_name(tmp_path, line):
    text = "\n".join(x for x in str(FIELDS["zoneinfo_boot"]).splitlines() if line not in x)
    with pytest.raises(CaptureError, match="zoneinfo_boot"):
        load_capture(damaged(tmp_path, zoneinfo_boot=np.array(text)))


META = json.loads(str(FIELDS["meta"]))


@pytest.mark.parametrize("key", ["guest_mib", "balloon_target_mib"])
@pytest.mark.parametrize(
    "value", [-1, 0.5, "384", [384], {}, True, 10**30, 7, 10**6, float("nan"), "nine"]
)
def test_a_damaged_fact_is_refused_by_its_name(tmp_path, key, value):
    if key == "balloon_target_mib" and value == 7:
        value = 385
    meta = np.array(json.dumps(META | {key: value}))
    with pytest.raises(CaptureError, match=key):
        load_capture(damaged(tmp_path, meta=meta))


@pytest.mark.parametrize("meta", ["", "[]", "null", "{", "[" * 5000, '"384"', "{}"])
def test_facts_that_are_none_are_refused(tmp_path, meta):
    with pytest.raises(CaptureError, match="meta"):
        load_capture(damaged(tmp_path, meta=np.array(meta)))


@pytest.mark.parametrize("part", range(240))
def test_bytes_changed_anywhere_are_found_or_change_nothing(tmp_path, part):
    rng = np.random.default_rng(part)
    data = bytearray(DATA)
    at = len(data) * part // 240 + int(rng.integers(0, max(len(data) // 240, 1)))
    width = int(rng.choice([1, 1, 4, 64]))
    for place in range(at, min(at + width, len(data))):
        data[place] ^= int(rng.integers(1, 256))
    path = tmp_path / "damaged.npz"
    path.write_bytes(data)
    try:
        capture = load_capture(path)
    except CaptureError:
        return
    assert capture.meta == CAPTURE.meta
    for key, value in CAPTURE.arrays.items():
        if key in capture.arrays or key not in ("free_blocks_before", "percpu_pfns_before"):
            assert np.array_equal(capture.arrays[key], value)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path, share):
    (tmp_path / "cut.npz").write_bytes(DATA[: int(len(DATA) * share)])
    with pytest.raises(CaptureError, match=r"cut\.npz"):
        load_capture(tmp_path / "cut.npz")


def lying_header(shape, dtype):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


@pytest.mark.parametrize("key", ["meta", "kpageflags_inflated_codes", "inflate_pfns_delta"])
def test_a_file_that_unpacks_to_a_gigabyte_is_refused_before_it_is_unpacked(tmp_path, key):
    shape, dtype = ((), "<U268435456") if key == "meta" else ((1 << 30,), "|u1")
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(WHOLE) as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for member in whole.infolist():
            if member.filename != f"{key}.npy":
                bomb.writestr(member.filename, whole.read(member))
        with bomb.open(f"{key}.npy", "w", force_zip64=True) as stream:
            stream.write(lying_header(shape, dtype))
            for _ in range(64):
                stream.write(bytes(16 << 20))
    assert path.stat().st_size < 8 << 20
    code = (
        "import re, sys\n"
        "from balloonkit.captures import CaptureError, load_capture\n"
        "try:\n    load_capture(sys.argv[1])\n"
        "except CaptureError as error:\n    print(error)\n"
        # Not ru_maxrss: a child begins with the peak of the process it was forked from.
        "status = open('/proc/self/status').read()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) >> 10)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert key in said[0]
    assert int(said[1]) < 200  # MB, the interpreter and NumPy included
