"""What a better mean must not hide: a class that is hardly known, and a part of the images that got worse.

Both refuse only what chance does not explain, with `promotion.significance` for all classes, or all slices, together.
"""

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.terminal import printable, with_interval
from alexnet_pipe.evaluation.significance import Comparison, holm, paired, paired_score, wilson_interval
from alexnet_pipe.evaluation.slices import slices_of
from alexnet_pipe.params.promotion import PromotionParams

_TRUTHS = 100
"""Shares of won images that are tried: the test holds whatever the true one is."""

_TELLING = 1.0
"""Below this score a loss has a p-value above 0.1, and its exact one is not computed."""


def low_recall(tested: pd.DataFrame, promotion: PromotionParams) -> str | None:
    """Why the model is refused, if a class has a recall below `promotion.min_class_recall` beyond chance.

    `tested` has a row a test image, with `actual` and `predicted` class. The test is the exact binomial one, one-sided.
    """
    if promotion.min_class_recall is None:
        return None
    from scipy.stats import binom  # Slow to import, and needed after the training only.

    right = (tested["actual"] == tested["predicted"]).groupby(tested["actual"])
    images, hits = right.size(), right.sum()
    p_values = holm(binom.cdf(hits, images, promotion.min_class_recall).tolist())
    worst = int(np.argmin(p_values))
    if p_values[worst] > promotion.significance:
        return None
    count, total = int(hits.iloc[worst]), int(images.iloc[worst])
    recall = with_interval(count / total, *wilson_interval(count, total))
    return (
        f"recall of class {printable(images.index[worst])} {recall}, {count:,} of {total:,} test images, less than "
        f"promotion.min_class_recall ({promotion.min_class_recall:.2%}) beyond chance "
        f"({_corrected(p_values[worst], len(p_values), 'classes')})"
    )


def lost_slice(images: pd.DataFrame, promotion: PromotionParams) -> str | None:
    """Why the model is refused, if it errs on a slice by more than `promotion.max_slice_loss` more, beyond chance.

    `images` are those of a `Contest`.
    """
    bound = promotion.max_slice_loss
    if bound is None:
        return None
    slices = slices_of(images)
    found = [paired(*(images[column].iloc[members] for column in ("first", "second"))) for members in slices.members]
    p_values = holm([loss_p_value(comparison, bound) for comparison in found])
    if not p_values or min(p_values) > promotion.significance:
        return None
    worst = int(np.argmin(p_values))
    lost = found[worst]
    shares = " against ".join(f"{errors / lost.images:.2%}" for errors in (lost.second_errors, lost.first_errors))
    change = with_interval(lost.difference[0], *lost.interval(slices.z), form="+.2%")
    return (
        f"{printable(slices.names[worst][1])}: {shares} of its {lost.images:,} test images are wrong, {change}, which "
        f"is more than promotion.max_slice_loss ({bound:.2%}) beyond chance "
        f"({_corrected(p_values[worst], len(p_values), 'slices')})"
    )


def loss_p_value(comparison: Comparison, bound: float) -> float:
    """The probability of a loss that is at least as telling as this one if the true loss is `bound` at most.

    Exact, one-sided and unconditional (Suissa and Shuster 1991 for a bound of 0; Sidik 2003): as telling is what has
    Tango's statistic, and of all shares of won images that one counts which makes it most probable. What is not telling
    at all has the p-value of the normal distribution.
    """
    from scipy.stats import binom

    images = comparison.images
    score = paired_score(comparison.lost, comparison.won, images, bound)
    if score < _TELLING:
        return NormalDist().cdf(-score)
    won = np.arange(images + 1)
    least = _least_lost(comparison, bound)
    # Evenly by its angle: where it is small, small changes of it count.
    truths = (1 - bound) / 2 * np.sin(np.linspace(0, np.pi / 2, _TRUTHS)[:, None]) ** 2
    of_the_others = np.minimum(1, (truths + bound) / (1 - truths))
    ways = binom.pmf(won, images, truths) * binom.sf(least - 1, images - won, of_the_others)
    return min(1.0, float(ways.sum(axis=1).max()))


def _least_lost(comparison: Comparison, bound: float) -> NDArray[np.int64]:
    """For each number of won images how many must be lost to be as telling; it grows with that number."""
    images = comparison.images
    telling = paired_score(comparison.lost, comparison.won, images, bound) - 1e-9
    least, lost = np.full(images + 1, images + 1), 0
    for won in range(images + 1):
        while lost + won <= images and paired_score(lost, won, images, bound) < telling:
            lost += 1
        if lost + won > images:
            break
        least[won] = lost
    return least


def _corrected(p_value: float, looks: int, what: str) -> str:
    return f"p = {p_value:.2g} after Holm's correction for {looks:,} {what}"
