"""One real guest for many tests, since each boot takes seconds."""

import pytest

from balloonkit.live import Guest, MissingPackageError
from balloonkit.live.assets import find_assets


@pytest.fixture(scope="session")
def assets():
    pytest.importorskip("qemu.qmp", reason="no qemu.qmp: pip install 'balloonkit[live]'")
    try:
        return find_assets()
    except MissingPackageError as error:
        pytest.skip(f"no live guest: {error}")


@pytest.fixture(scope="session")
def booted(assets):
    with Guest("384MiB") as guest:
        yield guest


@pytest.fixture
def guest(booted):
    """The shared guest with all its RAM and no files."""
    booted.run("rm -rf /age/*")
    booted.balloon(booted.memory_bytes)
    return booted
