"""The network has the published shapes and counts, in every variant."""

from typing import get_args

import keras
import numpy as np
import pytest

from alexnet_pipe.model.alexnet import AlexNet
from alexnet_pipe.params.model import VARIANTS, ModelParams

PUBLISHED = [34_848, 307_200, 884_736, 663_552, 442_368]
# 11·11·3·48, 5·5·48·128, 3·3·128·192, 3·3·192·192, 3·3·192·256
ONE_GPU = [17_424, 153_600, 221_184, 331_776, 442_368]
WEIRD_TRICK = [23_232, 307_200, 663_552, 884_736, 589_824]
# 11·11·3·64, 5·5·64·192, 3·3·192·384, 3·3·384·256, 3·3·256·256
CONVOLUTIONS = dict.fromkeys(VARIANTS, PUBLISHED) | {
    "single-tower": [34_848, 614_400, 884_736, 1_327_104, 884_736],
    "one-gpu": ONE_GPU,
    "one-weird-trick": WEIRD_TRICK,
}
# conv1 … conv5, fc6 and fc7 have 96 + 256 + 384 + 384 + 256 + 2·4096 = 9,568 outputs. Batch normalization has a scale
# and a shift for each, where the published network has a bias; a moving mean and variance are no parameters.
PARAMETERS = dict.fromkeys(VARIANTS, 60_965_224) | {
    "single-tower": 62_378_344,
    "one-gpu": 59_798_312,
    "batch-normalization": 60_965_224 - 9_568 + 2 * 9_568,
    "one-weird-trick": 61_100_840,
}
OUTPUTS = {
    "conv1": (55, 55, 96),
    "pool1": (27, 27, 96),
    "conv2": (27, 27, 256),
    "pool2": (13, 13, 256),
    "conv3": (13, 13, 384),
    "conv4": (13, 13, 384),
    "conv5": (13, 13, 256),
    "pool5": (6, 6, 256),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (1000,),
}


@pytest.fixture(scope="module")
def paper() -> AlexNet:
    return AlexNet(1000)


def test_every_variant_can_be_chosen() -> None:
    assert get_args(ModelParams.model_fields["variant"].annotation) == tuple(VARIANTS)


@pytest.mark.parametrize("variant", CONVOLUTIONS)
def test_weights_and_parameters_are_those_of_the_published_table(variant: str) -> None:
    network = AlexNet(1000, variant=variant)
    kernels = [int(np.prod(network.get_layer(f"conv{n}").kernel.shape)) for n in range(1, 6)]
    fully_connected = [int(np.prod(network.get_layer(name).kernel.shape)) for name in ("fc6", "fc7", "fc8")]
    assert kernels == CONVOLUTIONS[variant]
    assert fully_connected == [37_748_736, 16_777_216, 4_096_000]
    assert network.count_params() == PARAMETERS[variant]


@pytest.mark.parametrize("layer", OUTPUTS)
def test_every_layer_gives_the_published_shape(paper: AlexNet, layer: str) -> None:
    assert paper.get_layer(layer).output.shape == (None, *OUTPUTS[layer])


def test_conv2_4_5_see_one_tower_each_and_conv3_sees_both(paper: AlexNet) -> None:
    inputs = {name: paper.get_layer(name).kernel.shape[2] for name in ("conv1", "conv2", "conv3", "conv4", "conv5")}
    assert inputs == {"conv1": 3, "conv2": 48, "conv3": 256, "conv4": 192, "conv5": 192}


NORMALIZED = ["norm1", "pool1", "norm2", "pool2", "pool5"]
ORDERS = dict.fromkeys(VARIANTS, NORMALIZED) | {
    "caffenet": ["pool1", "norm1", "pool2", "norm2", "pool5"],
    "no-normalization": ["pool1", "pool2", "pool5"],
    "one-weird-trick": ["pool1", "pool2", "pool5"],
    "batch-normalization": ["norm1", "pool1", "norm2", "pool2", "norm3", "norm4", "norm5", "pool5", "norm6", "norm7"],
}


@pytest.mark.parametrize("variant", ORDERS)
def test_normalization_stands_where_the_variant_has_it(variant: str) -> None:
    network = AlexNet(2, variant=variant, width=0.05)
    assert [layer.name for layer in network.layers if layer.name[:4] in ("norm", "pool")] == ORDERS[variant]


@pytest.mark.parametrize(("variant", "k", "alpha"), [("paper", 2, 1e-4), ("bvlc", 1, 2e-5), ("single-tower", 2, 1e-4)])
def test_response_normalization_has_the_constants_of_the_variant(variant: str, k: float, alpha: float) -> None:
    network = AlexNet(2, variant=variant, width=0.05)
    assert [(network.get_layer(n).k, network.get_layer(n).alpha) for n in ("norm1", "norm2")] == [(k, alpha)] * 2


@pytest.mark.parametrize(("variant", "window"), [("paper", 3), ("caffenet", 3), ("non-overlapping-pooling", 2)])
def test_pooling_overlaps_unless_the_variant_says_so_and_gives_the_same_sizes(variant: str, window: int) -> None:
    network = AlexNet(2, variant=variant, width=0.05)
    for name, size in (("pool1", 27), ("pool2", 13), ("pool5", 6)):
        pool = network.get_layer(name)
        assert (pool.pool_size, pool.strides, pool.output.shape[1:3]) == ((window,) * 2, (2, 2), (size,) * 2)


@pytest.mark.parametrize("variant", ["no-normalization", "non-overlapping-pooling"])
def test_a_variant_of_the_same_shapes_starts_with_the_same_weights(variant: str) -> None:
    networks = [AlexNet(2, variant=name, width=0.05).get_weights() for name in ("paper", variant)]
    for mine, published in zip(*networks, strict=True):
        np.testing.assert_array_equal(mine, published)


def test_the_kernels_of_the_batch_normalized_network_start_as_the_papers() -> None:
    networks = [AlexNet(2, variant=name, width=0.05) for name in ("paper", "batch-normalization")]
    for layer in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        np.testing.assert_array_equal(*(network.get_layer(layer).kernel for network in networks), err_msg=layer)


def test_one_weird_trick_sees_224_pixels_among_zeros() -> None:
    network = AlexNet(3, variant="one-weird-trick", width=0.05, initialisation="he", input_scale=1 / 64)
    view = np.random.default_rng(0).normal(0, 63, (1, 227, 227, 3)).astype(np.float32)
    seen = np.zeros_like(view)
    seen[:, 2:226, 2:226] = view[:, 2:226, 2:226]
    np.testing.assert_array_equal(network.predict_on_batch(seen), network.predict_on_batch(view))


def test_the_first_convolution_of_one_weird_trick_is_that_of_224_pixels_padded_by_two() -> None:
    network = AlexNet(3, variant="one-weird-trick", width=0.05, initialisation="he")
    view = np.random.default_rng(0).normal(0, 1, (1, 227, 227, 3)).astype(np.float32)
    padded = np.pad(view[:, 2:226, 2:226], ((0, 0), (2, 2), (2, 2), (0, 0)))
    conv1 = network.get_layer("conv1")
    expected = keras.ops.conv(padded, conv1.kernel, strides=4, padding="valid") + conv1.bias
    found = keras.Model(network.input, conv1.output)(view)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-4, atol=1e-5)


def test_both_hidden_fully_connected_layers_drop_half(paper: AlexNet) -> None:
    dropouts = [layer for layer in paper.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(layer.name, layer.rate) for layer in dropouts] == [("drop6", 0.5), ("drop7", 0.5)]


def test_a_narrow_network_has_the_same_layers() -> None:
    narrow = AlexNet(10, width=0.25)
    assert [layer.name for layer in narrow.layers] == [layer.name for layer in AlexNet(10, width=1).layers]
    assert narrow.get_layer("conv1").filters == 24
    assert narrow.get_layer("fc6").units == 1024


def test_the_seed_decides_the_first_weights() -> None:
    def first_weights(seed: int) -> np.ndarray:
        return np.asarray(AlexNet(2, width=0.05, seed=seed).get_layer("fc8").kernel)

    np.testing.assert_array_equal(first_weights(1), first_weights(1))
    assert not np.array_equal(first_weights(1), first_weights(2))


def test_the_input_scale_multiplies_the_pixels() -> None:
    pixels = np.random.default_rng(0).normal(0, 63, (2, 227, 227, 3)).astype(np.float32)
    plain, scaled = (AlexNet(3, width=0.05, input_scale=scale, seed=1) for scale in (1.0, 1 / 64))
    scaled.set_weights(plain.get_weights())
    np.testing.assert_array_equal(scaled.predict_on_batch(pixels), plain.predict_on_batch(pixels / 64))
