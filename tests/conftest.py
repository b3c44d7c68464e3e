"""Fixtures every test may use."""

import fcntl
import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from balloonkit.captures import SHIPPED, load_capture

# No deadlines: a busy machine is no fault. CI draws the same examples each time, so that a red run
# means a change; elsewhere new ones.
settings.register_profile("balloonkit", derandomize=bool(os.environ.get("CI")), deadline=None)
settings.load_profile("balloonkit")

load_once = cache(load_capture)


#: Where tests drive a browser, boot a guest, run notebooks or measure real memory: a third of all.
SLOW = (
    *("binder", "browser", "duel", "live", "messages", "notebooks", "publish", "fuzz", "backings"),
    *("host/qemu", "lab/test_lessons.py", "lab/test_accessibility.py", "lab/player"),
    *(f"lab/lessons/{name}" for name in ("live_guest", "the_race", "host_release", "real_guests")),
    *("trace/test_stepper.py", "trace/test_window.py", "test_events.py", "guest/test_percpu.py"),
)


def pytest_collection_modifyitems(items):
    """Mark what waits for something else than Python, so that the rest can be run alone."""
    for item in items:
        if any(item.path.is_relative_to(Path(__file__).parent / place) for place in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The documentation with every notebook's page, built once by who wants it first."""
    from balloonkit.publish.site import build_pages

    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    out = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "index.html").exists():
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
