"""Two models on the same test images: is the challenger's error lower beyond what chance explains?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

_IMAGE = ["sha256", "actual"]


@dataclass(frozen=True)
class Comparison:
    """Top-1 errors from ten views, image by image.

    Attributes:
        images: Test images.
        champion_errors: How many the champion gets wrong.
        challenger_errors: How many the challenger gets wrong.
        lost: Images that only the champion gets right.
        won: Images that only the challenger gets right.
    """

    images: int
    champion_errors: int
    challenger_errors: int
    lost: int
    won: int

    @property
    def p_value(self) -> float:
        """McNemar's exact test, one-sided.

        The probability that, of the images on which the two differ, at least as many fall to the challenger if each
        falls to either with probability 1/2.
        """
        differ = self.won + self.lost
        return float(binomtest(self.won, differ, 0.5, alternative="greater").pvalue) if differ else 1.0

    @property
    def difference(self) -> tuple[float, float, float]:
        """The challenger's error less the champion's, with the ends of its 95 % interval for paired shares (Wald)."""
        n = self.images
        difference = (self.lost - self.won) / n
        spread = 1.96 * np.sqrt(self.lost + self.won - (self.lost - self.won) ** 2 / n) / n
        return difference, float(difference - spread), float(difference + spread)


def compare(champion: pd.DataFrame, challenger: pd.DataFrame) -> Comparison | None:
    """The comparison, or None if the test sets differ.

    Args:
        champion: One row a test image: `sha256`, `actual` and `predicted` class name.
        challenger: The same.
    """
    champion, challenger = (table.sort_values(_IMAGE, ignore_index=True) for table in (champion, challenger))
    if not champion[_IMAGE].equals(challenger[_IMAGE]):
        return None
    wrong, wrong_now = (table["predicted"] != table["actual"] for table in (champion, challenger))
    return Comparison(
        images=len(champion),
        champion_errors=int(wrong.sum()),
        challenger_errors=int(wrong_now.sum()),
        lost=int((~wrong & wrong_now).sum()),
        won=int((wrong & ~wrong_now).sum()),
    )
