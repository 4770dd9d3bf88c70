"""How far chance could have moved a share."""

from math import sqrt

Z = 1.959963984540054
"""The normal distribution's 97.5 % point, for two-sided 95 % intervals."""


def wilson_interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): within [0, 1], and of some width even at 0 and at `total`."""
    share = count / total
    denominator = 1 + Z**2 / total
    centre = (share + Z**2 / (2 * total)) / denominator
    half = Z * sqrt(share * (1 - share) / total + Z**2 / (4 * total**2)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)
