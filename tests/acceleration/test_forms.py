"""The faster forms compute what the portable ones do, and give the same gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from alexnet_pipe.acceleration.banded_normalization import banded_normalization
from alexnet_pipe.acceleration.response_normalization import response_normalization as fused_normalization
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.preprocessing import Preprocessing
from alexnet_pipe.model.response_normalization import ResponseNormalization, response_normalization
from tests.inputs.batches import random_batch

TOLERANCE = {"float32": 1e-5, "bfloat16": 1e-2}


def value_and_gradient(form: Callable[..., Any], inputs: Any, upstream: Any) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = form(inputs, 2.0, 1e-4)
    return [np.asarray(ops.cast(tensor, "float64")) for tensor in (outputs, tape.gradient(outputs, inputs, upstream))]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("channels", [96, 5, 2])
def test_response_normalization_equals_the_portable_form(dtype: str, channels: int) -> None:
    generator = np.random.default_rng(channels)
    # As large as what conv1 gives, so that the sum outweighs k.
    inputs, upstream = (
        tf.cast(generator.normal(0, deviation, (2, 5, 4, channels)), dtype) for deviation in (100.0, 1.0)
    )
    portable = value_and_gradient(response_normalization, tf.cast(inputs, "float64"), tf.cast(upstream, "float64"))
    for form in (response_normalization, fused_normalization, banded_normalization):
        for actual, expected in zip(value_and_gradient(form, inputs, upstream), portable, strict=True):
            np.testing.assert_allclose(
                actual, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(expected).max()
            )


@pytest.mark.usefixtures("accelerated")
def test_a_model_uses_the_faster_forms_and_gives_the_same_logits() -> None:
    inputs, _ = random_batch(3)
    accelerated_logits = logits(inputs)
    assert ResponseNormalization.form is not response_normalization
    ResponseNormalization.form, Preprocessing.form = (
        staticmethod(response_normalization),
        staticmethod(Preprocessing.form.python_function),
    )
    np.testing.assert_allclose(accelerated_logits, logits(inputs), rtol=1e-4, atol=1e-5)


def logits(inputs: Any) -> np.ndarray:
    model = Classifier(["a", "b"], width=0.05, initialisation="he", seed=3)
    model.mean.assign(np.random.default_rng(5).uniform(0, 255, (256, 256, 3)))
    return np.asarray(model.predict_on_batch(inputs))
