"""Traces made by hand, with the truth their generator kept."""

import pytest
from sample_traces import CLASSIC, sample_trace

KINDS = {
    "small chunks": {"pages": 64, "inflate": 20, "hole": (24, 32)},
    "small classic": {"pages": 64, "inflate": 20, "path": CLASSIC},
    "64 KiB pages": {"pages": 128, "inflate": 30, "scale": 16},
    "4096 pages": {"pages": 4096, "inflate": 800, "order": 2},
    "there and back": {"pages": 64, "inflate": 20, "hole": (24, 32), "there_and_back": True},
}


@pytest.fixture(params=KINDS)
def sample(request):
    return sample_trace(**KINDS[request.param])
