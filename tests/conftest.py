"""Fixtures every test may use."""

import os
from functools import cache

import pytest
from hypothesis import settings

from balloonkit.captures import SHIPPED, load_capture

# No deadlines: a busy machine is no fault. CI draws the same examples each time, so that a red run
# means a change; elsewhere new ones.
settings.register_profile("balloonkit", derandomize=bool(os.environ.get("CI")), deadline=None)
settings.load_profile("balloonkit")

load_once = cache(load_capture)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The documentation with every notebook's page, built once for all who look at it."""
    from balloonkit.publish.site import build_pages

    out = tmp_path_factory.mktemp("site")
    build_pages(out, lambda what, done, total: None)
    return out


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
