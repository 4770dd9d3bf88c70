"""How far chance could have moved a share of images, or the difference of two models on the same images."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from alexnet_pipe.base.terminal import with_interval

Z = 1.959963984540054
"""The normal distribution's 97.5 % point, for two-sided 95 % intervals."""

_IMAGE = ["sha256", "actual"]


def wilson_interval(count: int, total: int, z: float = Z) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927): within [0, 1], and of some width even at 0 and at `total`.

    `z` is the normal distribution's point for it, of 95 % if nothing is said.
    """
    share = count / total
    denominator = 1 + z**2 / total
    centre = (share + z**2 / (2 * total)) / denominator
    half = z * sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)


def share_with_interval(count: int, total: int) -> str:
    """A share as per cent, and its 95 % interval: "12.50% (11.20% to 13.90%)"."""
    return with_interval(count / total, *wilson_interval(count, total))


def paired_score(lost: int, won: int, images: int, difference: float) -> float:
    """Tango's statistic (1998, equations 24 to 26): the deviations from `difference` that `lost - won` of `images` are.

    If the true difference is that, it is nearly normal, also where hardly any image is lost or won; at 0 it is
    McNemar's. `difference` is more than -1 and less than 1.
    """
    slope = (2 * images - lost + won) * difference - lost - won
    root = sqrt(max(0.0, slope**2 + 8 * images * won * difference * (1 - difference)))
    share_won = max(0.0, -difference, (root - slope) / (4 * images))
    variance = images * (2 * share_won + difference * (1 - difference))
    return (lost - won - images * difference) / sqrt(variance) if variance else 0.0


def paired_interval(lost: int, won: int, images: int, z: float = Z) -> tuple[float, float]:
    """The score interval of a paired difference (Tango 1998): within [-1, 1], and of some width even if none differ.

    `z` is as that of `wilson_interval`.
    """
    observed = (lost - won) / images
    return _bound(lost, won, images, (-1.0, observed), z), _bound(lost, won, images, (observed, 1.0), -z)


def _bound(lost: int, won: int, images: int, between: tuple[float, float], score: float) -> float:
    """The difference at which `paired_score`, which falls, is `score`."""
    low, high = between
    while low < (middle := (low + high) / 2) < high:
        if paired_score(lost, won, images, middle) > score:
            low = middle
        else:
            high = middle
    return high if score > 0 else low


@dataclass(frozen=True)
class Comparison:
    """Errors of two models, image by image.

    Attributes:
        images: Test images.
        first_errors: How many the first model gets wrong.
        second_errors: How many the second gets wrong.
        lost: Images that only the first gets right.
        won: Images that only the second gets right.
    """

    images: int
    first_errors: int
    second_errors: int
    lost: int
    won: int

    @property
    def difference(self) -> tuple[float, float, float]:
        """The second's error less the first's, with the ends of its 95 % interval (Tango)."""
        return (self.lost - self.won) / self.images, *self.interval()

    def interval(self, z: float = Z) -> tuple[float, float]:
        """The ends of the difference's interval (Tango); `z` is as that of `wilson_interval`."""
        return paired_interval(self.lost, self.won, self.images, z)

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided.

        The probability that the images on which the two differ fall at least as unequally to them if each falls to
        either with probability 1/2.
        """
        return self._p_value("two-sided")

    @property
    def p_value_lower(self) -> float:
        """The same, one-sided: that at least as many fall to the second."""
        return self._p_value("greater")

    def _p_value(self, alternative: str) -> float:
        from scipy.stats import binomtest  # Slow to import, and not needed for an interval.

        differ = self.won + self.lost
        return float(binomtest(self.won, differ, 0.5, alternative=alternative).pvalue) if differ else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """`p_values` corrected for being many (Holm 1979): of true hypotheses any is below α with probability α at most."""
    values = np.array(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(1, steps)
    return [float(value) for value in corrected]


def same_images(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The test images of both, in the order of the first: the same photograph with the same label.

    Each has a row a test image: `sha256`, `actual` class name, and more; a photograph that occurs twice in both is two
    images. Other columns that both have end in `_first` and `_second`.
    """
    counted = [table.assign(_copy=table.groupby(_IMAGE).cumcount()) for table in (first, second)]
    both = counted[0].merge(counted[1], on=[*_IMAGE, "_copy"], suffixes=("_first", "_second"))
    return both.drop(columns="_copy")


def paired(wrong_first: "pd.Series[bool]", wrong_second: "pd.Series[bool]") -> Comparison:
    """The comparison of two models by which images each gets wrong, in the same order."""
    return Comparison(
        images=len(wrong_first),
        first_errors=int(wrong_first.sum()),
        second_errors=int(wrong_second.sum()),
        lost=int((~wrong_first & wrong_second).sum()),
        won=int((wrong_first & ~wrong_second).sum()),
    )
