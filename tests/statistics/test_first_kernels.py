"""Kernels that have become edges and colours are told from noise, in each tower."""

import numpy as np
import pytest

from alexnet_pipe.statistics.first_kernels import in_words, learned_kernels

NOISE = np.random.default_rng(1).normal(size=(11, 11, 3, 96))
ROW, COLUMN = np.mgrid[-1:1:11j, -1:1:11j]
EDGE = np.tanh(3 * (ROW + COLUMN))[:, :, None]


def test_noise_of_any_size_and_around_any_mean_is_not_learned() -> None:
    assert learned_kernels(NOISE, "paper") == [0, 0]
    assert learned_kernels(1e-4 * NOISE + 5, "single-tower") == [0]
    assert learned_kernels(1e30 * NOISE.astype(np.float32), "single-tower") == [0]


@pytest.mark.parametrize("strength", [1.5, 100.0])
def test_edges_are_counted_in_the_tower_that_has_them(strength: float) -> None:
    kernels = NOISE.copy()
    kernels[..., 90:] += strength * EDGE[..., None]
    assert learned_kernels(kernels, "paper") == [0, 6]
    assert learned_kernels(kernels, "single-tower") == [6]


def test_a_kernel_of_one_colour_is_no_division_by_zero() -> None:
    assert learned_kernels(np.zeros((11, 11, 3, 2)), "paper") == [0, 0]


def test_counts_are_told_of_each_tower() -> None:
    assert in_words([3, 11], 24) == "3 of 12 in one tower, 11 of 12 in the other"
    assert in_words([7], 24) == "7 of 24"
