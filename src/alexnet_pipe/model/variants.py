"""What distinguishes the published networks: fixed together, because mixing them is the usual mistake."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """
    Attributes:
        towers: Into how many groups conv2, conv4 and conv5 are split.
        k: Additive constant of response normalization.
        alpha: Factor of the sum of squares in response normalization, for a plain sum over the window.
        pool_first: Whether pooling stands before response normalization.
    """

    towers: int
    k: float
    alpha: float
    pool_first: bool = False


VARIANTS = {
    "paper": Variant(towers=2, k=2.0, alpha=1e-4),
    # Caffe divides its alpha of 1e-4 by the window's 5 channels, and leaves k at 1 (bvlc_alexnet/train_val.prototxt).
    "bvlc": Variant(towers=2, k=1.0, alpha=2e-5),
    "single-tower": Variant(towers=1, k=2.0, alpha=1e-4),
    "caffenet": Variant(towers=2, k=1.0, alpha=2e-5, pool_first=True),
}
