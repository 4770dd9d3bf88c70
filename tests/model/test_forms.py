"""All forms compute the same, and give the same gradients; a model's file does not know in which it was trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms, fastest_forms
from alexnet_pipe.model.layers import response_normalization
from alexnet_pipe.model.model_file import load_model, save_model
from alexnet_pipe.model.tensorflow_forms import banded_normalization, summed_normalization
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
    for form in (response_normalization, summed_normalization, banded_normalization):
        for actual, expected in zip(value_and_gradient(form, inputs, upstream), portable, strict=True):
            np.testing.assert_allclose(
                actual, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(expected).max()
            )


def test_a_model_uses_the_forms_that_it_is_given_and_gives_the_same_logits() -> None:
    inputs, _ = random_batch(3)
    models = {forms: classifier(forms) for forms in (PORTABLE, compiled_forms())}
    for forms, model in models.items():
        layers = [model.get_layer("preprocessing"), *(model.network.get_layer(name) for name in ("norm1", "norm2"))]
        assert [layer.form for layer in layers] == [forms.preprocess, forms.normalize, forms.normalize]
    portable, compiled = (np.asarray(model.predict_on_batch(inputs)) for model in models.values())
    np.testing.assert_allclose(compiled, portable, rtol=1e-4, atol=1e-5)


def test_forms_are_no_part_of_a_model(tmp_path: Path) -> None:
    for name, forms in (("portable", PORTABLE), ("compiled", compiled_forms())):
        save_model(tmp_path / f"{name}.keras", classifier(forms))
    assert (tmp_path / "portable.keras").read_bytes() == (tmp_path / "compiled.keras").read_bytes()
    assert load_model(tmp_path / "compiled.keras").forms is PORTABLE
    assert load_model(tmp_path / "portable.keras", compiled_forms()).forms is compiled_forms()


def test_compiled_forms_are_for_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fastest_forms() is compiled_forms()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert fastest_forms() is PORTABLE


def compiled_forms() -> Forms:
    """Those for TensorFlow without a GPU, on this processor."""
    forms = fastest_forms()
    assert forms.normalize in (summed_normalization, banded_normalization)
    return forms


def classifier(forms: Forms) -> Classifier:
    model = Classifier(["a", "b"], forms=forms, width=0.05, initialisation="he", seed=3)
    model.mean.assign(np.random.default_rng(5).uniform(0, 255, (256, 256, 3)))
    return model
