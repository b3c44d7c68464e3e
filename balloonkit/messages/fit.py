"""A straight line through the times of messages of several lengths, and how sure it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balloonkit.wire.pfn_array import MAX_PFNS

__all__ = ["SIZES_PFNS", "MessageFit", "fit_messages"]

#: Page numbers in the messages that are timed; the last is a full one of Linux's driver.
SIZES_PFNS = (1, 4, 16, 64, MAX_PFNS)
#: Resamples of the rounds, and the share of them that the interval holds.
_RESAMPLES, _HELD_SHARE = 1000, 0.95


@dataclass(frozen=True)
class MessageFit:
    """Time of a message = `message_s` + PFNs * `entry_s`.

    Attributes
    ----------
    message_s, entry_s : float
        Intercept and slope.
    message_interval_s, entry_interval_s : tuple of (low, high)
        What 95 % of lines through resampled rounds have.
    medians_s : dict of int to float
        Median time by length in PFNs.
    rounds : int
        Times each length was sent, at least.
    """

    message_s: float
    entry_s: float
    message_interval_s: tuple[float, float]
    entry_interval_s: tuple[float, float]
    medians_s: dict[int, float]
    rounds: int

    @property
    def message_share(self) -> float:
        """Which share of a full message of 256 PFNs its being a message costs."""
        return self.message_s / (self.message_s + MAX_PFNS * self.entry_s)

    def as_dict(self) -> dict[str, Any]:
        """Return the line as plain data, ready for JSON."""
        return vars(self) | {"message_share": self.message_share}


def fit_messages(times_s: Mapping[int, Sequence[float]], seed: int = 0) -> MessageFit:
    """Lay a line through the medians, each by its own size: one per cent off counts the same.

    Parameters
    ----------
    times_s : mapping of PFNs to seconds
        Every time measured, by the length of the message.
    seed : int
        Of the resampling that says how sure the line is.

    Raises
    ------
    ValueError
        If there are fewer than two lengths, or a length without times.

    Examples
    --------
    >>> fit = fit_messages({n: [(100 + 2 * n) * 1e-6] for n in SIZES_PFNS})
    >>> round(fit.message_s * 1e6), round(fit.entry_s * 1e6, 2), round(fit.message_share, 2)
    (100, 2.0, 0.16)
    """
    if len(times_s) < 2 or not all(len(times) for times in times_s.values()):
        counts = {pfns: len(times) for pfns, times in times_s.items()}
        raise ValueError(f"times of messages by length {counts}: give two lengths, each timed")
    pfns = np.array(list(times_s), float)
    samples = [np.asarray(times, float) for times in times_s.values()]
    medians = np.array([np.median(times) for times in samples])
    message_s, entry_s = _line(pfns, medians)
    rng = np.random.default_rng(seed)
    lines = np.array(
        [
            _line(pfns, np.array([np.median(rng.choice(times, len(times))) for times in samples]))
            for _ in range(_RESAMPLES)
        ]
    )
    edges = (1 - _HELD_SHARE) / 2, (1 + _HELD_SHARE) / 2
    low, high = np.quantile(lines, edges, axis=0)
    return MessageFit(
        message_s,
        entry_s,
        (float(low[0]), float(high[0])),
        (float(low[1]), float(high[1])),
        {int(n): float(s) for n, s in zip(pfns, medians, strict=True)},
        min(map(len, samples)),
    )


def _line(pfns: NDArray[np.float64], seconds: NDArray[np.float64]) -> tuple[float, float]:
    entry_s, message_s = np.polyfit(pfns, seconds, 1, w=1 / seconds)
    return float(message_s), float(entry_s)
