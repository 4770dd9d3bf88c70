"""Random choices follow from seed and step alone, and are spread as they are said to be."""

import numpy as np
import pytest

from alexnet_pipe.inputs.draws import (
    colour_factors,
    crop_boxes,
    crop_offsets,
    erased_boxes,
    image_order,
    mirror_flags,
    mixtures,
)


def test_the_same_seed_and_step_give_the_same_choices_and_others_do_not() -> None:
    def boxes(*drawn: int) -> np.ndarray:
        return crop_boxes(*drawn, smallest=0.2)

    def erased(*drawn: int) -> np.ndarray:
        return erased_boxes(*drawn, probability=0.5)

    def shares(*drawn: int) -> np.ndarray:
        return mixtures(*drawn, mixup=0.2, cutmix=0)[1]

    def patches(*drawn: int) -> np.ndarray:
        return mixtures(*drawn, mixup=0, cutmix=1)[0]

    for draw in (crop_offsets, mirror_flags, colour_factors, boxes, erased, shares, patches):
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


def test_so_many_crops_are_erased_as_was_said_and_a_fiftieth_to_a_third_of_each() -> None:
    boxes = erased_boxes(1, 0, 20_000, 0.3)
    chosen = boxes[boxes.any(axis=1)]
    assert abs(len(chosen) / 20_000 - 0.3) < 0.02
    top, left, bottom, right = chosen.T
    assert min(top.min(), left.min()) >= 0
    assert max(bottom.max(), right.max()) <= 227
    areas = (bottom - top) * (right - left) / 227**2
    assert 0.018 < areas.min() < 0.03
    assert 0.3 < areas.max() < 0.35


def test_mixup_takes_a_share_of_everything_and_cutmix_all_of_a_box() -> None:
    patch, share = mixtures(1, 0, 10_000, 0.2, 0)
    assert (patch == [0, 0, 227, 227]).all()
    # Beta(α, α) has the mean 1/2 and the variance 1 / (4 (2α + 1)).
    assert abs(share.mean() - 0.5) < 0.02
    assert abs(share.var() - 1 / (4 * 1.4)) < 0.01
    patch, share = mixtures(1, 0, 10_000, 0, 1.0)
    assert (share == 1).all()
    assert patch.min() == 0
    assert patch.max() == 227
    areas = (patch[:, 2] - patch[:, 0]) * (patch[:, 3] - patch[:, 1]) / 227**2
    # Uniform areas, of which on average 37 % lie outside.
    assert 0.25 < areas.mean() < 0.4
    assert (patch[:, 2] >= patch[:, 0]).all()


def test_if_both_are_on_half_of_the_steps_are_of_either_kind() -> None:
    kinds = [bool((mixtures(1, step, 4, 0.2, 1.0)[1] == 1).all()) for step in range(1000)]
    assert abs(np.mean(kinds) - 0.5) < 0.06


@pytest.mark.parametrize("alpha", [0.01, 100.0])
def test_shares_are_numbers_whatever_alpha(alpha: float) -> None:
    for patch, share in (mixtures(1, 0, 10_000, alpha, 0), mixtures(1, 0, 10_000, 0, alpha)):
        assert ((share >= 0) & (share <= 1)).all()
        assert (patch >= 0).all()
