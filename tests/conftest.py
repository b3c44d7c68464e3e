"""Fixtures every test may use."""

from functools import cache

import pytest

from balloonkit.captures import SHIPPED, load_capture

load_once = cache(load_capture)


@pytest.fixture(params=SHIPPED)
def capture(request):
    """Each shipped capture in turn."""
    return load_once(request.param)


@pytest.fixture
def idle_8g():
    return load_once("idle-8g")


@pytest.fixture
def aged_8g():
    return load_once("aged-8g")
