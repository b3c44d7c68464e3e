"""The unit prices against the published rates."""

import pytest

from balloonkit.field import PUBLISHED_2025, foretell_published
from balloonkit.field.prices import FREE_2M_S, UNIT_S


def test_unit_prices_are_those_the_rates_give():
    us = {unit: seconds * 1e6 for unit, seconds in UNIT_S.items()}
    assert us == pytest.approx(
        {"page": 2.54, "order-9": 7.54, "virtio-mem": 51.4, "frame": 0.431}, rel=0.002
    )
    assert pytest.approx(8.42, rel=0.002) == FREE_2M_S * 1e6


def test_touched_rates_are_foretold_within_15_percent_or_it_is_said_why_not():
    rows = foretell_published()
    assert len(rows) == 2 * len(PUBLISHED_2025)
    assert sum(row.kind == "foretold" for row in rows) == 3
    for row in rows:
        if row.kind == "fitted":
            assert row.error == pytest.approx(0, abs=1e-9)
        else:
            assert row.touched
            assert abs(row.error) < 0.15 or row.why_off
