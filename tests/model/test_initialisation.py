"""Each named initialisation gives the published deviations and biases."""

import numpy as np
import pytest

from alexnet_pipe.model.alexnet import AlexNet
from alexnet_pipe.model.initialisation import FIRST

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")


@pytest.mark.parametrize(("name", "bias", "hidden_fc"), [("paper", 1.0, 0.01), ("bvlc", 0.1, 0.005)])
def test_normal_weights_and_constant_biases(name: str, bias: float, hidden_fc: float) -> None:
    network = AlexNet(1000, initialisation=name, seed=3)
    for layer in LAYERS:
        kernel, biases = (np.asarray(w) for w in network.get_layer(layer).get_weights())
        deviation = hidden_fc if layer in ("fc6", "fc7") else 0.01
        assert kernel.std() == pytest.approx(deviation, rel=0.02), layer
        assert kernel.mean() == pytest.approx(0, abs=deviation / 50), layer
        # The seed's "conv 1, 3, 4 and FC" counts from zero.
        expected = bias if layer in ("conv2", "conv4", "conv5", "fc6", "fc7") else 0.0
        np.testing.assert_allclose(biases, expected, rtol=1e-6, err_msg=layer)


def test_no_two_layers_start_from_the_same_numbers() -> None:
    network = AlexNet(1000, seed=3)
    conv4, conv5 = (np.asarray(network.get_layer(name).kernel).ravel()[:100] for name in ("conv4", "conv5"))
    assert abs(np.corrcoef(conv4, conv5)[0, 1]) < 0.5


@pytest.mark.parametrize(("input_scale", "expected"), [(1.0, 1.0), (1 / 64, FIRST), (1 / 8, FIRST)])
def test_he_keeps_activations_near_one_deviation_down_to_fc7(input_scale: float, expected: float) -> None:
    network = AlexNet(10, width=0.25, initialisation="he", input_scale=input_scale, seed=3)
    pixels = np.random.default_rng(0).normal(0, 63, (8, 227, 227, 3)).astype(np.float32)
    import keras

    depths = keras.Model(network.inputs, [network.get_layer(f"relu{n}").output for n in range(2, 8)])
    for activation in depths.predict_on_batch(pixels):
        assert 0.2 < np.sqrt(np.mean(np.square(activation))) / expected < 5
