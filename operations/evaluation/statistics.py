"""Means with confidence intervals, by the percentile bootstrap (Efron & Tibshirani 1993, chapter 13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

RESAMPLES: Final = 4000
CONFIDENCE: Final = 0.95
SEED: Final = 1


@dataclass(frozen=True)
class Estimate:
    """A mean and the interval in which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """Mean, median and 95th percentile."""

    mean: float
    p50: float
    p95: float


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of these values, at least one; of a difference of two models, item by item, the paired interval."""
    data = np.asarray(values, dtype=float)
    picks = np.random.default_rng(SEED).integers(0, len(data), size=(RESAMPLES, len(data)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(data[picks].mean(axis=1), [tail, 1 - tail])
    return Estimate(float(data.mean()), float(low), float(high))


def spread(values: Sequence[float]) -> Spread | None:
    """Of these values; None without any."""
    if not values:
        return None
    p50, p95 = np.quantile(np.asarray(values, dtype=float), [0.5, 0.95])
    return Spread(float(np.mean(values)), float(p50), float(p95))
