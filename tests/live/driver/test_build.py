"""The driver is built for one kernel, kept by what its source says, and its failures speak."""

import os
import shutil

import pytest

from balloonkit.live import LiveError, MissingPackageError
from balloonkit.live.assets import cache_folder
from balloonkit.live.driver import SOURCES, build_driver


@pytest.fixture
def release(assets, driver_built):
    return assets.release


@pytest.fixture
def edited(tmp_path):
    """The sources with an error in the last one."""
    copies = tuple(tmp_path / path.name for path in SOURCES)
    for path, copy in zip(SOURCES, copies, strict=True):
        shutil.copy(path, copy)
    return copies


def test_it_is_built_once_for_a_source(release, monkeypatch):
    built = build_driver(release)
    monkeypatch.setenv("PATH", "/nowhere")  # neither gcc nor make is looked for again
    assert build_driver(release) == built
    assert built.is_relative_to(cache_folder() / "driver" / release)
    assert built.read_bytes()[:4] == b"\x7fELF"


def test_an_edited_driver_is_another_one_and_its_mistakes_are_shown_in_the_compilers_words(
    release, edited
):
    with edited[-1].open("a") as source:
        source.write("int nonsense(void) { return no_such_name; }\n")
    with pytest.raises(LiveError, match=rf"does not build for {release}:\n.*no_such_name"):
        build_driver(release, edited)
    left = [name for name in os.listdir(cache_folder()) if name.startswith("tmp")]
    assert left == []


def test_a_missing_compiler_is_answered_with_the_packages_to_install(edited, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingPackageError, match=r"no gcc on PATH .*apt-get install .*gcc"):
        build_driver("6.1.0-56-cloud-amd64", edited)


def test_headers_nobody_has_are_answered_with_what_to_do(edited, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingPackageError, match=r"no headers .* 0\.0\.0-none: .*remove .*tmp"):
        build_driver("0.0.0-none", edited)
