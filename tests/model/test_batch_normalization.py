"""The variant with batch normalization: what it starts with, what a step does to its statistics, and what uses them."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.model.alexnet import MOMENTUM, AlexNet
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.optimizers import compile_for_training
from tests.inputs.batches import random_batch
from tests.stores import light_and_dark

NORMALIZED = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")


def network(**arguments: object) -> AlexNet:
    return AlexNet(10, **{"variant": "batch-normalization", "width": 0.05, **arguments})


def classifier(**arguments: object) -> Classifier:
    """One whose statistics are unlike those of any batch."""
    model = Classifier(["a", "b"], variant="batch-normalization", width=0.05, initialisation="he", seed=1, **arguments)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    random = np.random.default_rng(0)
    for layer in NORMALIZED:
        normalization = model.network.get_layer(f"norm{layer[-1]}")
        normalization.moving_mean.assign(random.normal(0, 0.1, normalization.gamma.shape))
        normalization.moving_variance.assign(random.uniform(0.5, 2, normalization.gamma.shape))
    return model


@pytest.fixture
def bfloat16() -> Iterator[None]:
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("initialisation", ["paper", "bvlc", "he"])
def test_it_starts_as_the_identity_without_biases_and_with_a_small_last_layer(initialisation: str) -> None:
    made = network(initialisation=initialisation)
    for layer in NORMALIZED:
        assert [weight.name for weight in made.get_layer(layer).weights] == ["kernel"]
        values = [np.unique(weight) for weight in made.get_layer(f"norm{layer[-1]}").get_weights()]
        np.testing.assert_array_equal(values, [[1], [0], [0], [1]])
    kernel, bias = made.get_layer("fc8").get_weights()
    assert np.std(kernel) == pytest.approx(0.01, rel=0.1)
    assert not bias.any()


def test_it_stands_between_a_layer_and_its_relu() -> None:
    made = network()
    for layer in NORMALIZED:
        normalization = made.get_layer(f"norm{layer[-1]}")
        assert normalization.input is made.get_layer(layer).output
        assert made.get_layer(f"relu{layer[-1]}").input is normalization.output


def test_a_step_moves_the_statistics_towards_those_of_its_batch() -> None:
    model, (inputs, labels) = classifier(), random_batch(4)
    normalization = model.network.get_layer("norm1")
    before = [np.asarray(weight) for weight in (normalization.moving_mean, normalization.moving_variance)]
    pixels = model.get_layer("preprocessing")(**inputs)
    outputs = np.asarray(keras.Model(model.network.inputs, model.network.get_layer("conv1").output)(pixels), np.float64)
    compile_for_training(model, TrainParams(batch_size=4))
    model.train_on_batch(inputs, labels)
    found = [normalization.moving_mean, normalization.moving_variance]
    for old, batch, new in zip(before, (outputs.mean((0, 1, 2)), outputs.var((0, 1, 2))), found, strict=True):
        np.testing.assert_allclose(new, MOMENTUM * old + (1 - MOMENTUM) * batch, rtol=1e-4)


def test_an_image_is_predicted_by_itself_whatever_is_beside_it() -> None:
    model, images = classifier(), light_and_dark(3).gather(range(3))
    together = np.asarray(model.predict_on_batch(view(images, CENTRE, False)))
    for image, expected in zip(images, together, strict=True):
        alone = view(image[None], CENTRE, False)
        np.testing.assert_allclose(model.predict_on_batch(alone)[0], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(model(alone, training=False)[0], expected, rtol=1e-4, atol=1e-6)
    by_batch = np.asarray(model(view(images, CENTRE, False), training=True))
    assert np.abs(by_batch - together).max() > 1e-3


@pytest.mark.usefixtures("bfloat16")
def test_statistics_and_scales_stay_float32_where_activations_are_bfloat16() -> None:
    model = classifier()
    compile_for_training(model, TrainParams(batch_size=4))
    model.train_on_batch(*random_batch(4))
    normalization = model.network.get_layer("norm3")
    assert normalization.output.dtype == "bfloat16"
    for weight in normalization.weights:
        assert weight.dtype == "float32"
        coarse = keras.ops.cast(keras.ops.cast(weight, "bfloat16"), "float32")
        assert not np.array_equal(weight, coarse)


@pytest.mark.parametrize("input_scale", [1.0, 1 / 64])
@pytest.mark.parametrize("initialisation", ["paper", "bvlc", "he"])
def test_it_learns_from_every_initialisation_at_the_published_rate(initialisation: str, input_scale: float) -> None:
    images = light_and_dark(8)
    model = Classifier(
        images.classes,
        variant="batch-normalization",
        width=0.05,
        initialisation=initialisation,
        input_scale=input_scale,
        seed=1,
    )
    model.mean.assign(np.full((256, 256, 3), 127.0))
    compile_for_training(model, TrainParams())
    batch = view(images.gather(range(8)), CENTRE, False)
    losses = [model.train_on_batch(batch, images.labels, return_dict=True)["loss"] for _ in range(20)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.1)
    assert losses[-1] < 0.2
