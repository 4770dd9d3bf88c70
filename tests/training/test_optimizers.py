"""Gradient descent does what the paper's two lines say, checked by hand, and LARS its formula; AdamW is Keras' own."""

from typing import Any

import keras
import numpy as np
import pytest

from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.tensorflow_forms import fused
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.optimizers import LARS, AdamW, PaperSGD, optimizer


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_three_steps_by_hand(forms: Forms) -> None:
    # ε 0.1, momentum 0.9, decay 0.5; w 1 and gradients 1, 2, -1:
    # v = -0.05·1     - 0.1·1 = -0.15                        w = 0.85
    # v = 0.9·-0.15   - 0.05·0.85   - 0.1·2 = -0.3775        w = 0.4725
    # v = 0.9·-0.3775 - 0.05·0.4725 + 0.1·1 = -0.263375      w = 0.209125
    weight = keras.Variable(1.0, name="kernel")
    optimizer = PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5, forms=forms)
    for gradient, expected in ((1.0, 0.85), (2.0, 0.4725), (-1.0, 0.209125)):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        assert float(weight.value) == pytest.approx(expected, rel=1e-6)


def test_the_decay_uses_the_current_rate() -> None:
    weight = keras.Variable(1.0, name="kernel")
    optimizer = PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5)
    optimizer.learning_rate = 0.01
    optimizer.apply([keras.ops.convert_to_tensor(0.0)], [weight])
    assert float(weight.value) == pytest.approx(1 - 0.01 * 0.5)


# Without a gradient LARS does not adapt, and its ε is a thousandth of what is said.
@pytest.mark.parametrize(("name", "kernel"), [("sgd", 0.95), ("adamw", 0.95), ("lars", 1 - 0.00005)])
def test_biases_do_not_decay(name: str, kernel: float) -> None:
    layer = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")
    layer.build((None, 1))
    train = TrainParams(optimizer=name, learning_rate=0.1, weight_decay=0.5)
    optimizer(train, PORTABLE).apply(
        [keras.ops.zeros_like(w) for w in layer.trainable_weights], layer.trainable_weights
    )
    assert float(layer.bias[0]) == 1.0
    assert float(layer.kernel[0, 0]) == pytest.approx(kernel, rel=1e-6)


@pytest.mark.parametrize("name", ["sgd", "lars", "adamw"])
def test_scales_and_shifts_of_batch_normalization_do_not_decay(name: str) -> None:
    layer = keras.layers.BatchNormalization(beta_initializer="ones")
    layer.build((None, 1))
    train = TrainParams(optimizer=name, learning_rate=0.1, weight_decay=0.5)
    optimizer(train, PORTABLE).apply(
        [keras.ops.zeros_like(w) for w in layer.trainable_weights], layer.trainable_weights
    )
    assert [float(weight[0]) for weight in (layer.gamma, layer.beta)] == [1.0, 1.0]


def by_lars(made: keras.optimizers.Optimizer, scale: float = 1.0) -> list[np.ndarray]:
    """A convolution's kernel of norm 5 and bias after three steps with gradients of norms 2, 1 and 4, times `scale`."""
    layer = keras.layers.Conv2D(1, (1, 2), name="conv1")
    layer.build((None, None, None, 1))
    layer.set_weights([np.array([3.0, 4.0], np.float32).reshape(1, 2, 1, 1), np.array([5.0], np.float32)])
    for gradient in ([2.0, 0.0, 2.0], [0.0, -1.0, -1.0], [0.0, 4.0, 4.0]):
        kernel, bias = np.reshape(gradient[:2], (1, 2, 1, 1)) * scale, np.array(gradient[2:]) * scale
        made.apply([keras.ops.convert_to_tensor(each, "float32") for each in (kernel, bias)], layer.trainable_weights)
    return [np.ravel(each) for each in layer.get_weights()]


def lars_formula(rate: float, decay: float, norm: float | None = None) -> list[np.ndarray]:
    """The same by algorithm 1 of You et al., momentum 0.9; gradients of kernel and bias have the `norm` together."""
    kernel, bias, v, u = np.array([3.0, 4.0]), 5.0, np.zeros(2), 0.0
    for gradient in (np.array([2.0, 0.0]), np.array([0.0, -1.0]), np.array([0.0, 4.0])):
        g = gradient * (norm / np.linalg.norm([*gradient, gradient.sum()]) if norm else 1.0)
        weights = np.linalg.norm(kernel)
        v = 0.9 * v + rate * 0.001 * weights / (np.linalg.norm(g) + decay * weights) * (g + decay * kernel)
        u = 0.9 * u + rate * 0.001 * g.sum()
        kernel, bias = kernel - v, bias - u
    return [kernel, np.array([bias])]


def check_lars(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for each, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, value, rtol=1e-6)


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_lars_is_its_formula(forms: Forms) -> None:
    train = TrainParams(optimizer="lars", learning_rate=100.0, weight_decay=0.3)
    check_lars(by_lars(optimizer(train, forms)), lars_formula(100.0, 0.3))
    threefold = train.model_copy(update={"learning_rate_multipliers": {"conv1": 3.0}})
    check_lars(by_lars(optimizer(threefold, forms)), lars_formula(300.0, 0.3))


def test_lars_adapts_to_gradients_without_the_scale_of_the_loss_and_after_they_are_clipped() -> None:
    # In float16 Keras scales losses up, by 2¹⁵ at first. The decay is what tells gradients of other norms.
    train = TrainParams(optimizer="lars", learning_rate=100.0, weight_decay=0.3)
    scaled = keras.optimizers.LossScaleOptimizer(optimizer(train, PORTABLE))
    check_lars(by_lars(scaled, scale=2.0**15), lars_formula(100.0, 0.3))
    clipped = optimizer(train.model_copy(update={"clip_norm": 0.1}), PORTABLE)
    check_lars(by_lars(clipped), lars_formula(100.0, 0.3, norm=0.1))


@pytest.mark.parametrize(("weight", "gradient", "moved"), [(0.0, 2.0, -0.2), (1.0, 0.0, 1.0), (0.0, 0.0, 0.0)])
def test_lars_moves_weights_of_zero_and_stands_without_a_gradient(weight: float, gradient: float, moved: float) -> None:
    kernel = keras.Variable(np.full((1, 1), weight, np.float32), name="kernel")
    LARS(100.0, 0.9, 0.0).apply([keras.ops.full((1, 1), gradient)], [kernel])
    assert float(kernel.value[0, 0]) == pytest.approx(moved)


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_adamw_is_keras_own_and_a_layers_rate_is_multiplied(forms: Forms) -> None:
    def moved(made: keras.optimizers.Optimizer) -> list[Any]:
        layers = [keras.layers.Dense(1, name=name, kernel_initializer="ones") for name in ("fc7", "fc8")]
        for layer in layers:
            layer.build((None, 1))
        weights = [weight for layer in layers for weight in layer.trainable_weights]
        for gradient in (1.0, -0.5, 2.0):
            made.apply([keras.ops.full_like(weight, gradient) for weight in weights], weights)
        return [float(np.ravel(weight)[0]) for weight in weights]

    train = TrainParams(optimizer="adamw", learning_rate=0.01, momentum=0.8, weight_decay=0.0)
    expected = moved(keras.optimizers.AdamW(0.01, weight_decay=0.0, beta_1=0.8))
    np.testing.assert_allclose(moved(optimizer(train, forms)), expected, rtol=1e-6)
    tenfold = moved(AdamW(0.01, weight_decay=0.0, beta_1=0.8, multipliers={"fc8": 10.0}, forms=forms))
    np.testing.assert_allclose(tenfold[:2], expected[:2], rtol=1e-6)
    assert 1 - tenfold[2] == pytest.approx(10 * (1 - expected[2]), rel=1e-4)


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_gradients_are_scaled_down_to_a_norm_of_all_together(forms: Forms) -> None:
    weights = [keras.Variable(np.zeros(2, np.float32), name="kernel") for _ in range(2)]
    train = TrainParams(learning_rate=1.0, momentum=0.0, weight_decay=0.0, clip_norm=1.0)
    made = optimizer(train, forms)
    made.apply([keras.ops.full((2,), 3.0), keras.ops.full((2,), 4.0)], weights)
    np.testing.assert_allclose(
        [np.asarray(weight) for weight in weights], [[-0.3 * 2**0.5] * 2, [-0.4 * 2**0.5] * 2], 1e-6
    )
    made.apply([keras.ops.full((2,), 0.1), keras.ops.full((2,), 0.1)], weights)
    assert float(weights[0].value[0]) == pytest.approx(-0.3 * 2**0.5 - 0.1)


@pytest.mark.parametrize("kind", [PaperSGD, LARS])
def test_it_survives_serialization(kind: type[PaperSGD]) -> None:
    found = keras.optimizers.deserialize(keras.optimizers.serialize(kind(learning_rate=0.1, momentum=0.9, decay=0.5)))
    assert (type(found), found.decay) == (kind, 0.5)
