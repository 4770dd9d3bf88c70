"""Random choices follow from seed and step alone, and are spread as they are said to be."""

import numpy as np
import pytest

from alexnet_pipe.inputs.draws import (
    colour_factors,
    crop_boxes,
    crop_offsets,
    image_order,
    mirror_flags,
    mixup_shares,
)


def test_the_same_seed_and_step_give_the_same_choices_and_others_do_not() -> None:
    def boxes(*drawn: int) -> np.ndarray:
        return crop_boxes(*drawn, smallest=0.2)

    def shares(*drawn: int) -> np.ndarray:
        return mixup_shares(*drawn, alpha=0.2)

    for draw in (crop_offsets, mirror_flags, colour_factors, boxes, shares):
        np.testing.assert_array_equal(draw(1, 5, 64), draw(1, 5, 64))
        assert not np.array_equal(draw(1, 5, 64), draw(1, 6, 64))
        assert not np.array_equal(draw(1, 5, 64), draw(2, 5, 64))


def test_an_order_is_a_permutation_and_changes_with_the_epoch() -> None:
    first, second = image_order(1, 0, 1000), image_order(1, 1, 1000)
    assert sorted(first) == sorted(second) == list(range(1000))
    assert not np.array_equal(first, second)


def test_crops_reach_all_900_positions_evenly() -> None:
    offsets = crop_offsets(1, 0, 90_000)
    counts = np.bincount(offsets[:, 0] * 30 + offsets[:, 1], minlength=900)
    assert len(counts) == 900
    # Chi-squared with 899 degrees of freedom: mean 899, standard deviation 42.
    assert ((counts - 100) ** 2 / 100).sum() < 899 + 5 * 42


def test_half_of_the_images_are_mirrored() -> None:
    assert abs(mirror_flags(1, 0, 10_000).mean() - 0.5) < 0.02


def test_colour_factors_are_standard_normal() -> None:
    factors = colour_factors(1, 0, 20_000)
    assert abs(factors.mean()) < 0.02
    assert abs(factors.std() - 1) < 0.02


@pytest.mark.parametrize("smallest", [0.01, 0.35, 1.0])
def test_boxes_lie_in_the_image_and_their_areas_reach_from_the_smallest_to_the_whole(smallest: float) -> None:
    top, left, height, width = crop_boxes(1, 0, 20_000, smallest).T
    assert min(top.min(), left.min()) >= 0
    assert max((top + height).max(), (left + width).max()) <= 256.0001
    assert (width / height).min() > 0.74
    assert (width / height).max() < 1.35
    area = height * width / 256**2
    # A box of the whole area whose aspect is 3/4 is cut to the image, and has three quarters of it.
    assert area.min() > smallest * 0.74
    assert area.max() > 0.98
    # None of these is cut.
    uncut = area[area < 0.7]
    assert len(uncut) == 0 or abs(np.median(uncut) - (smallest + 0.7) / 2) < 0.03


@pytest.mark.parametrize("alpha", [0.01, 0.2, 100.0])
def test_shares_are_spread_as_beta_says(alpha: float) -> None:
    shares = mixup_shares(1, 0, 10_000, alpha)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert abs(shares.mean() - 0.5) < 0.02
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)
