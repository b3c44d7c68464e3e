"""A duel against the QEMU that is installed; without one the tests that ask it are skipped."""

import pytest

from balloonkit.host.qemu import NoEmulatorError, find_qemu


@pytest.fixture(scope="session")
def qemu():
    try:
        return str(find_qemu())
    except NoEmulatorError as error:
        pytest.skip(str(error))
