"""Random choices depend on the seed and the step alone, and cover what they should."""

import numpy as np

from alexnet_pipe.inputs.draws import colour_factors, crop_offsets, image_order, mirror_flags


def test_the_same_seed_and_step_give_the_same_choices_and_others_do_not() -> None:
    for draw in (crop_offsets, mirror_flags, colour_factors):
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
