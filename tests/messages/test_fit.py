"""The line through times of messages, and how sure it says it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balloonkit.costs import PRICES, costs_2017
from balloonkit.messages import SIZES_PFNS, fit_messages


@settings(max_examples=20)  # each resamples a thousand times
@given(st.floats(1e-6, 1e-2), st.floats(1e-9, 1e-4))
def test_times_on_a_line_give_that_line_without_doubt(message_s, entry_s):
    fit = fit_messages({n: [message_s + n * entry_s] * 3 for n in SIZES_PFNS})
    assert fit.message_s == pytest.approx(message_s, rel=1e-6, abs=1e-12)
    assert fit.entry_s == pytest.approx(entry_s, rel=1e-6, abs=1e-12)
    assert fit.message_interval_s == pytest.approx((message_s, message_s), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("price", PRICES)
def test_each_price_of_2017_would_be_found_out(price):
    costs = costs_2017(price)
    rng = np.random.default_rng(5)
    times_s = {
        n: (costs.message_s + n * costs.entry_s) * rng.normal(1, 0.05, 40) for n in SIZES_PFNS
    }
    fit = fit_messages(times_s)
    assert fit.message_share == pytest.approx(PRICES[price], abs=0.06)
    assert fit.rounds == 40


def test_noise_widens_the_interval_and_a_straggler_moves_no_median():
    rng = np.random.default_rng(1)
    calm, wild = (
        {n: (1e-4 + n * 1e-6) * rng.normal(1, spread, 30) for n in SIZES_PFNS}
        for spread in (0.01, 0.3)
    )
    widths = [np.ptp(fit_messages(times_s).message_interval_s) for times_s in (calm, wild)]
    assert widths[1] > 5 * widths[0]
    calm[256][0] = 1.0
    assert fit_messages(calm).entry_s == pytest.approx(1e-6, rel=0.05)


@pytest.mark.parametrize("times_s", [{}, {256: [1.0]}, {1: [1.0], 256: []}])
def test_what_no_line_goes_through_is_refused(times_s):
    with pytest.raises(ValueError, match="give two lengths, each timed"):
        fit_messages(times_s)
