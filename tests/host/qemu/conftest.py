"""QEMU's device for the tests that ask it; without QEMU they are skipped."""

import pytest

from balloonkit.host.qemu import NoEmulatorError, QemuHost, find_qemu


@pytest.fixture(scope="session", autouse=True)
def qemu():
    try:
        return find_qemu()
    except NoEmulatorError as error:
        pytest.skip(str(error))


@pytest.fixture
def host(qemu):
    with QemuHost("64MiB") as made:
        yield made
