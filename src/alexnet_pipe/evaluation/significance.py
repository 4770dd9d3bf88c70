"""How far chance could have moved a share of images, or the difference of two models on the same images."""

from dataclasses import dataclass
from math import sqrt

import pandas as pd

from alexnet_pipe.base.terminal import with_interval

Z = 1.959963984540054
"""The normal distribution's 97.5 % point, for two-sided 95 % intervals."""

_IMAGE = ["sha256", "actual"]


def wilson_interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): within [0, 1], and of some width even at 0 and at `total`."""
    share = count / total
    denominator = 1 + Z**2 / total
    centre = (share + Z**2 / (2 * total)) / denominator
    half = Z * sqrt(share * (1 - share) / total + Z**2 / (4 * total**2)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)


def share_with_interval(count: int, total: int) -> str:
    """A share as per cent, and its 95 % interval: "12.50% (11.20% to 13.90%)"."""
    return with_interval(count / total, *wilson_interval(count, total))


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
        """The second's error less the first's, with the ends of its 95 % interval for paired shares (Wald)."""
        n = self.images
        difference = (self.lost - self.won) / n
        spread = Z * sqrt(self.lost + self.won - (self.lost - self.won) ** 2 / n) / n
        return difference, difference - spread, difference + spread

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
