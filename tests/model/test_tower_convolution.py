"""Two convolutions and a concatenation are a grouped convolution."""

import keras
import numpy as np
import pytest

from alexnet_pipe.model.tower_convolution import TowerConvolution


@pytest.mark.parametrize("groups", [1, 2])
def test_it_equals_a_grouped_convolution_with_the_same_weights(groups: int) -> None:
    maps = np.random.default_rng(0).normal(size=(2, 9, 9, 8)).astype(np.float32)
    towers = TowerConvolution(6, 5, padding="same", groups=groups, bias_initializer="normal")
    grouped = keras.layers.Conv2D(6, 5, padding="same", groups=groups)
    towers.build(maps.shape)
    grouped.build(maps.shape)
    grouped.set_weights(towers.get_weights())
    np.testing.assert_allclose(towers(maps), grouped(maps), rtol=1e-5, atol=1e-5)


def test_a_tower_does_not_see_the_other() -> None:
    maps = np.random.default_rng(0).normal(size=(1, 5, 5, 4)).astype(np.float32)
    towers = TowerConvolution(2, 3, padding="same", groups=2)
    before = np.asarray(towers(maps))
    maps[..., 2:] += 1
    after = np.asarray(towers(maps))
    np.testing.assert_array_equal(before[..., 0], after[..., 0])
    assert not np.allclose(before[..., 1], after[..., 1])
