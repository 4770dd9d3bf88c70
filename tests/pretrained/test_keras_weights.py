"""Keras' `.weights.h5`, of which a model of the same network says what the numbers are."""

import re
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.alexnet import AlexNet
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_classifier, as_stored, save_model
from alexnet_pipe.params.model import kernel_shapes
from alexnet_pipe.portable.stored_model import Stored
from alexnet_pipe.pretrained.keras_weights import weights_like

CLASSES = ("cat", "dog", "owl")
WIDTH = 1 / 16


def classifier(variant: str, seed: int, classes: tuple[str, ...] = CLASSES) -> Classifier:
    """Of random weights, a mean image and temperatures that no other has."""
    settings = {"classes": classes, "variant": variant, "width": WIDTH, "temperature": 2.0, "temperature_ten_view": 3.0}
    model = Classifier.undrawn({**settings, "resize": {"policy": "squash", "background": "white"}})
    generator = np.random.default_rng(seed)
    for weight in model.network.weights:
        weight.assign(generator.uniform(0.1, 1, weight.shape))
    model.mean.assign(np.full((256, 256, 3), seed))
    return model


@pytest.fixture
def like(tmp_path: Path) -> Path:
    return saved(tmp_path / "like.keras", classifier("paper", seed=1))


def saved(path: Path, model: Classifier) -> Path:
    save_model(path, model)
    return path


def assert_layers_are(found: Stored, model: Classifier, mean: float) -> None:
    assert tuple(found.description.classes) == CLASSES
    assert found.description.resize.policy == "squash"
    assert found.description.temperature == found.description.temperature_ten_view == 1
    for name, expected in as_stored(model).arrays.items():
        np.testing.assert_array_equal(found.arrays[name], np.full_like(expected, mean) if name == "mean" else expected)


@pytest.mark.parametrize("variant", ["paper", "batch-normalization"])
def test_weights_of_a_classifier_and_of_its_network_fit_a_model_of_their_variant(tmp_path: Path, variant: str) -> None:
    like, model = saved(tmp_path / "like.keras", classifier(variant, seed=1)), classifier(variant, seed=2)
    whole, network = tmp_path / "whole.weights.h5", tmp_path / "network.weights.h5"
    model.save_weights(whole)
    model.network.save_weights(network)
    assert_layers_are(weights_like(whole, like), model, mean=2)
    assert_layers_are(weights_like(network, like), model, mean=1)
    again = as_classifier(weights_like(network, like))
    np.testing.assert_array_equal(again.network.get_layer("fc8").kernel, model.network.get_layer("fc8").kernel)


def test_weights_of_a_network_of_keras_own_layers(tmp_path: Path, like: Path) -> None:
    model, path = classifier("paper", seed=2), tmp_path / "own.weights.h5"
    own = of_keras_own_layers()
    own.set_weights(model.network.get_weights())
    own.save_weights(path)
    assert_layers_are(weights_like(path, like), model, mean=1)


def of_keras_own_layers() -> keras.Sequential:
    """The layers with weights; what stands between them leaves no trace in the file."""
    layers: list[keras.Layer] = [keras.Input((227, 227, 3))]
    for name, shape in kernel_shapes("paper", WIDTH, len(CLASSES)).items():
        if name.startswith("conv"):
            groups = 2 if name in ("conv2", "conv4", "conv5") else 1
            layers.append(keras.layers.Conv2D(shape[-1], shape[0], padding="same", groups=groups))
            continue
        if name == "fc6":
            layers += [keras.layers.MaxPooling2D(37, 37), keras.layers.Flatten()]
        layers.append(keras.layers.Dense(shape[-1]))
    return keras.Sequential(layers)


def test_weights_of_other_classes_are_refused_and_both_files_named(tmp_path: Path, like: Path) -> None:
    path = tmp_path / "two.weights.h5"
    AlexNet(2, variant="paper", width=WIDTH).save_weights(path)
    expected = "two.weights.h5 does not fit .*like.keras .paper, width 0.0625, 3 classes.: layers/dense_2/vars/0 is not"
    with pytest.raises(UserError, match=expected):
        weights_like(path, like)


def test_numbers_that_lie_in_another_file_are_not_read(tmp_path: Path, like: Path) -> None:
    path, other = tmp_path / "linked.weights.h5", tmp_path / "other.weights.h5"
    for each in (path, other):
        AlexNet(3, variant="paper", width=WIDTH).save_weights(each)
    with h5py.File(path, "r+") as file:
        place = "layers/tower_convolution/vars/0"
        del file[place]
        file[place] = h5py.ExternalLink(other.name, place)
    with pytest.raises(UserError, match=r"linked.weights.h5 has no convolutions"):
        weights_like(path, like)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x93NUMPY and more", "is no HDF5 file; --like is for .weights.h5"),
        (b"\x89HDF\r\n\x1a\n and nothing else", "is not a model of this project, or is damaged"),
        (None, "is no file"),
    ],
)
def test_another_file_is_one_line(tmp_path: Path, like: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "given.weights.h5"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(f"given.weights.h5 {message}")):
        weights_like(path, like)


def test_what_is_not_finite_is_refused(tmp_path: Path, like: Path) -> None:
    path, model = tmp_path / "nan.weights.h5", classifier("paper", seed=2)
    model.network.get_layer("fc7").bias.assign(np.full(model.network.get_layer("fc7").bias.shape, np.nan))
    model.network.save_weights(path)
    with pytest.raises(UserError, match=r"nan.weights.h5 does not fit .*fc7.1 has numbers that are not finite"):
        weights_like(path, like)
