"""Whether photographs that come in are like those of the training: a test with a false alarm rate that is known.

Each quantity is compared by Kolmogorov and Smirnov's test for two samples, the guesses by a chi-squared test. An alarm
is a p-value below `ALPHA` over the number of tests (Bonferroni), if the difference is one that matters as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.portable.training_summary import OF_NETWORK, POINTS, QUANTITIES, UNITS, Summary

ALPHA = 0.001
"""How often windows of photographs that are like the training's may raise an alarm, at most."""

LEAST = 0.15
"""A distance of two distributions, of at most 1, that matters: many photographs prove what nobody would mind."""

WINDOW = 200
"""Photographs that are compared together by a service."""

FEWEST = 50
"""With fewer nothing is said: they would have to be very different."""

_GROUPS = 10
_EXPECTED = 5.0
_STRIDE = 2
_LEAST_SHARE = 1e-20

_Found = tuple[float, float, float, float]


class Arrivals(NamedTuple):
    """Photographs as they are compared: each quantity of each, NaN where it is not known; and the first guesses."""

    quantities: Mapping[str, NDArray[np.float64]]
    guesses: NDArray[np.integer]


@dataclass(frozen=True)
class Finding:
    """Of one quantity, or of the guesses: how far, how probable by chance, and the medians before and now."""

    name: str
    distance: float
    p_value: float
    before: float
    now: float
    differs: bool


@dataclass(frozen=True)
class Likeness:
    """Of a window with the training's photographs."""

    photographs: int
    findings: Sequence[Finding]

    @property
    def unlike(self) -> list[Finding]:
        """What differs, the farthest first."""
        return sorted((each for each in self.findings if each.differs), key=lambda each: -each.distance)


def of_pixels(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """What needs the pixels alone, of images, uint8 `(n, 256, 256, 3)`."""
    some = images[:, ::_STRIDE, ::_STRIDE].astype(np.float32)
    grey = some.mean(axis=3)
    rows = images[:, :: 4 * _STRIDE].mean(axis=3, dtype=np.float32)
    found = {
        "brightness": grey.mean(axis=(1, 2)),
        "contrast": grey.std(axis=(1, 2)),
        "colour": (some.max(axis=3) - some.min(axis=3)).mean(axis=(1, 2)),
        "detail": np.abs(np.diff(rows, axis=2)).mean(axis=(1, 2)),
    }
    return {name: values.astype(np.float64) for name, values in found.items()}


def units(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Those of fc7, `(n, units)`, that are kept: up to `UNITS`, evenly spread."""
    places = np.linspace(0, features.shape[1] - 1, min(UNITS, features.shape[1])).astype(int)
    return features[:, places].astype(np.float64)


def summarised(
    pixels: Mapping[str, NDArray[np.float64]], features: NDArray[np.floating], shares: NDArray[np.floating]
) -> Summary:
    """The summary of a training.

    Args:
        pixels: `of_pixels` of training images, and `short_side` if it is known.
        features: fc7 of the centre view of validation images, `(n, units)`.
        shares: What the network says of that view, `(n, classes)`.
    """
    kept = units(features)
    mean, deviation = kept.mean(axis=0), kept.std(axis=0)
    # A unit that was never on would be at any distance.
    deviation = np.maximum(deviation, 0.1 * deviation.mean() + 1e-3)
    mean, deviation = (np.array([_digits(value) for value in values]) for values in (mean, deviation))
    measured = {**pixels, "fc7_distance": _distances(kept, mean, deviation), "margin": _margins(shares)}
    points = np.linspace(0, 1, POINTS)
    return Summary(
        images=len(pixels["brightness"]),
        held_out=len(kept),
        quantiles={name: [_digits(q) for q in np.quantile(values, points)] for name, values in measured.items()},
        fc7_mean=mean.tolist(),
        fc7_deviation=deviation.tolist(),
        guesses=(np.bincount(shares.argmax(axis=1), minlength=shares.shape[1]) / len(shares)).tolist(),
    )


def arrived(
    summary: Summary,
    images: NDArray[np.uint8],
    short_sides: Sequence[float],
    features: NDArray[np.floating],
    shares: NDArray[np.floating],
) -> Arrivals:
    """Photographs as `compared` takes them; short sides that are not known are NaN, the rest is as in `summarised`."""
    fc7 = _distances(units(features), np.array(summary.fc7_mean), np.array(summary.fc7_deviation))
    measured = {"short_side": np.asarray(short_sides, np.float64), "fc7_distance": fc7}
    measured["margin"] = _margins(shares)
    return Arrivals({**of_pixels(images), **measured}, shares.argmax(axis=1))


def joined(parts: Iterable[Arrivals]) -> Arrivals:
    """The photographs of all parts, in order."""
    several = list(parts)
    names = several[0].quantities
    together = {name: np.concatenate([part.quantities[name] for part in several]) for name in names}
    return Arrivals(together, np.concatenate([part.guesses for part in several]))


def compared(
    summary: Summary, arrivals: Arrivals, alpha: float = ALPHA, least: float = LEAST, guesses: bool = True
) -> Likeness:
    """Photographs beside those of the training; without `guesses` their mixture may be any."""
    tests = [
        (
            name,
            *_ks(np.array(summary.quantiles[name]), values, summary.held_out if name in OF_NETWORK else summary.images),
        )
        for name in QUANTITIES
        if name in summary.quantiles and len(values := _known(arrivals.quantities[name])) >= FEWEST
    ]
    if guesses and len(arrivals.guesses) >= FEWEST:
        tests.append(("guesses", *_guesses(summary, arrivals.guesses)))
    bound = alpha / max(1, len(tests))
    findings = [
        Finding(name, distance, p_value, before, now, p_value < bound and distance >= least)
        for name, distance, p_value, before, now in tests
    ]
    return Likeness(len(arrivals.guesses), findings)


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _distances(
    kept: NDArray[np.float64], mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.sqrt(np.square((kept - mean) / deviation).mean(axis=1))


def _margins(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    # Not the probability itself, of which all may be 1 but for the last digits.
    ordered = np.log(np.maximum(np.sort(shares.astype(np.float64), axis=1), _LEAST_SHARE))
    return ordered[:, -1] - ordered[:, 0 if shares.shape[1] < 2 else -2]


def _ks(
    quantiles: NDArray[np.float64], values: NDArray[np.float64], reference: int
) -> tuple[float, float, float, float]:
    """Distance, p-value and the two medians; `reference` is how many values the quantiles were made of."""
    from scipy.stats import kstwo  # Slow to import.

    points, counts = np.unique(values, return_counts=True)
    below = np.cumsum(counts) / len(values)
    upper = np.abs(below - _reached(quantiles, points, "right"))
    lower = np.abs(below - counts / len(values) - _reached(quantiles, points, "left"))
    distance = float(max(upper.max(), lower.max()))
    effective = max(1, round(len(values) * reference / (len(values) + reference)))
    return distance, float(kstwo.sf(distance, effective)), float(quantiles[POINTS // 2]), float(np.median(values))


def _reached(quantiles: NDArray[np.float64], points: NDArray[np.float64], side: Any) -> NDArray[np.float64]:
    """The share of the reference up to each point, with (right) or without (left) what equals it."""
    number = np.searchsorted(quantiles, points, side=side)
    before = quantiles[np.clip(number - 1, 0, POINTS - 1)]
    after = quantiles[np.clip(number, 0, POINTS - 1)]
    part = np.divide(points - before, after - before, out=np.zeros_like(points), where=after > before)
    return np.where(number == 0, 0.0, np.where(number == POINTS, 1.0, (number - 1 + part) / (POINTS - 1)))


def _guesses(summary: Summary, guesses: NDArray[np.integer]) -> _Found:
    """Half the sum of the differences of shares, and the p-value; in place of medians the commonest group's shares.

    Classes are put together in up to ten groups of about as many guesses, in label order, so that each has some.
    """
    from scipy.stats import chi2_contingency

    shares = np.array(summary.guesses)
    middle = np.cumsum(shares) - shares / 2
    group = np.minimum((_GROUPS * middle).astype(int), _GROUPS - 1)
    now, before = _pooled(
        np.bincount(group[guesses], minlength=_GROUPS).astype(np.float64),
        np.bincount(group, weights=shares, minlength=_GROUPS).astype(np.float64) * summary.held_out,
    )
    if len(now) < 2:
        return 0.0, 1.0, 1.0, 1.0
    distance = float(np.abs(now / now.sum() - before / before.sum()).sum() / 2)
    largest = int(before.argmax())
    p_value = float(chi2_contingency(np.stack([now, before]), correction=False).pvalue)
    return distance, p_value, float(before[largest] / before.sum()), float(now[largest] / now.sum())


def _pooled(now: NDArray[np.float64], before: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Groups of which too few are expected join the one before them, so that the chi-squared test holds."""
    share = min(now.sum(), before.sum()) / (now.sum() + before.sum())
    pairs: list[list[float]] = []
    for pair in zip(now, before, strict=True):
        if pairs and (sum(pair) * share < _EXPECTED or sum(pairs[-1]) * share < _EXPECTED):
            pairs[-1] = [pairs[-1][0] + pair[0], pairs[-1][1] + pair[1]]
        else:
            pairs.append(list(pair))
    joint = np.array(pairs)
    return joint[:, 0], joint[:, 1]


def _digits(value: float) -> float:
    return float(f"{value:.5g}")
