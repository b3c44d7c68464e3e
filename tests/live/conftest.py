"""One real guest for many tests, since each boot takes seconds."""

import pytest

from balloonkit.live import DriverOptions, LiveGuest, MissingPackageError
from balloonkit.live.assets import find_assets
from balloonkit.live.driver import build_driver


@pytest.fixture(scope="session")
def assets():
    pytest.importorskip("qemu.qmp", reason="no qemu.qmp: pip install 'balloonkit[live]'")
    try:
        return find_assets()
    except MissingPackageError as error:
        pytest.skip(f"no live guest: {error}")


@pytest.fixture(scope="session")
def booted(assets):
    with LiveGuest("384MiB") as guest:
        yield guest


@pytest.fixture
def guest(booted):
    """The shared guest with all its RAM and no files."""
    booted.run("rm -rf /age/*")
    booted.balloon(booted.memory_bytes)
    return booted


@pytest.fixture(scope="session")
def driver_built(assets):
    """Our own driver for the guests' kernel."""
    try:
        return build_driver(assets.release)
    except MissingPackageError as error:
        pytest.skip(f"no driver: {error}")


@pytest.fixture(scope="session")
def with_driver(driver_built):
    """A guest with our own driver and our own host, shared as the other one is."""
    with LiveGuest("256MiB", driver="chunks") as guest:
        # From time to time the kernel moves pages of its own accord, and would do so between two
        # looks of a test.
        guest.run("echo 0 > /proc/sys/vm/compaction_proactiveness")
        yield guest


@pytest.fixture
def chunked(with_driver):
    """The guest with our driver, freshly loaded, all its RAM and no files."""
    with_driver.run("rm -rf /age/* /kept")
    with_driver.load_driver(DriverOptions(ack_timeout_ms=10_000))
    return with_driver
