"""Boxes and mixtures are those of plain NumPy and SciPy, in every form, mirrored and shifted."""

import keras
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from alexnet_pipe.inputs.stream import Batch, TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.layers import Preprocessing, preprocess
from alexnet_pipe.model.tensorflow_forms import fused
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.augmentation import Augmentation, training_model
from alexnet_pipe.training.optimizers import compile_for_training
from tests.stores import random_store

MEAN = np.random.default_rng(3).uniform(0, 255, (256, 256, 3)).astype(np.float32)
ALL = {"crop_area": 0.2, "mixup": 0.4, "label_smoothing": 0.1}
forms = pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])


def classifier() -> Classifier:
    model = Classifier(["a", "b", "c"], width=0.05, initialisation="he", seed=1)
    model.mean.assign(MEAN)
    return model


def batch(step: int = 0, **train: object) -> Batch:
    made = TrainParams(seed=7, batch_size=5, **train)
    return TrainingStream(random_store(5, 3), np.eye(3) * 20, made).batch(step)


def pixels_of(inputs: dict[str, np.ndarray], forms: Forms) -> np.ndarray:
    preprocessing = Preprocessing(form=forms.preprocess)
    preprocessing.build()
    preprocessing.mean.assign(MEAN)
    return np.asarray(Augmentation(preprocessing, forms)(**inputs))


def resampled(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """SciPy's bilinear interpolation, then the mirror image, then the shift."""
    crops = []
    for image, (top, left, height, width), mirror, shift in zip(
        inputs["image"], inputs["box"], inputs["mirror"], inputs["colour_shift"], strict=True
    ):
        middles = np.arange(227) + 0.5
        places = np.meshgrid(top + middles * height / 227 - 0.5, left + middles * width / 227 - 0.5, indexing="ij")
        channels = [map_coordinates(image[..., c] - MEAN[..., c], places, order=1, mode="nearest") for c in range(3)]
        crop = np.stack(channels, axis=-1)
        crops.append((crop[:, ::-1] if mirror else crop) + shift)
    return np.stack(crops)


@forms
def test_boxes_are_resampled_as_scipy_does_then_mirrored_and_shifted(forms: Forms) -> None:
    inputs, _ = batch(crop_area=0.2)
    # The whole image, and a box of less than a pixel in its last corner, too.
    inputs["box"][0], inputs["box"][1] = [0, 0, 256, 256], [255.5, 255.5, 0.5, 0.5]
    assert 0 < inputs["mirror"].sum() < 5
    np.testing.assert_allclose(pixels_of(inputs, forms), resampled(inputs), atol=0.02)


@forms
def test_a_box_of_a_crops_size_is_the_published_crop(forms: Forms) -> None:
    inputs, _ = batch(crop_area=0.2)
    offsets = np.array([[0, 0], [29, 29], [14, 14], [3, 20], [28, 1]], np.int32)
    crops = np.stack([image[y : y + 227, x : x + 227] for image, (y, x) in zip(inputs["image"], offsets, strict=True)])
    published = preprocess(crops, offsets, inputs["mirror"], inputs["colour_shift"], MEAN)
    inputs["box"] = np.hstack([offsets, np.full((5, 2), 227)]).astype(np.float32)
    np.testing.assert_allclose(pixels_of(inputs, forms), np.asarray(published), atol=1e-4)


@forms
def test_images_are_mixed_with_the_reversed_batch_as_by_numpy(forms: Forms) -> None:
    inputs, labels = batch(mixup=0.4)
    share = inputs.pop("share")
    plain, certain = pixels_of(inputs, forms), np.eye(3)[batch()[1]]
    for n, mixed in enumerate(pixels_of(inputs | {"share": share}, forms)):
        np.testing.assert_allclose(mixed, (1 - share[n]) * plain[n] + share[n] * plain[4 - n], atol=1e-3)
        np.testing.assert_allclose(labels[n], (1 - share[n]) * certain[n] + share[n] * certain[4 - n], atol=1e-6)
    assert share.max() > 0.1


def test_the_network_is_trained_on_what_the_layers_give_and_the_classifier_stays_as_it_is() -> None:
    model, train = classifier(), TrainParams(batch_size=5, learning_rate=0.001, momentum=0.0, weight_decay=0.0, **ALL)
    weights, names = [weight.copy() for weight in model.get_weights()], list(model.input)
    inputs, labels = batch(**ALL)
    expected = model.network(pixels_of(inputs, PORTABLE), training=False)
    learner = compile_for_training(model, train)
    np.testing.assert_allclose(np.asarray(learner(inputs, training=False)), np.asarray(expected), rtol=1e-4, atol=1e-4)
    learner.train_on_batch(inputs, labels)
    assert list(model.input) == names
    assert np.array_equal(model.get_weights()[0], weights[0])  # The mean image.
    assert all(not np.array_equal(new, old) for new, old in zip(model.get_weights()[1:], weights[1:], strict=True))


def test_the_published_recipe_trains_the_classifier_itself_with_the_published_loss() -> None:
    model = classifier()
    learner = compile_for_training(model, TrainParams())
    assert learner is model
    assert isinstance(learner.loss, keras.losses.SparseCategoricalCrossentropy)


def test_smoothed_labels_add_nothing_to_the_device() -> None:
    model = classifier()
    assert training_model(model, TrainParams(label_smoothing=0.1)) is model


def test_the_error_of_a_mixed_batch_is_against_the_heavier_label() -> None:
    model = classifier()
    learner = compile_for_training(model, TrainParams(batch_size=4, learning_rate=1e-6, mixup=0.4))
    inputs, _ = batch(mixup=0.4)
    for name in ("drop6", "drop7"):
        model.network.get_layer(name).rate = 0.0
    guesses = np.asarray(learner.predict_on_batch(inputs)).argmax(axis=1)
    labels = np.full((5, 3), 0.2, np.float32)
    labels[range(5), guesses] = 0.6
    labels[0] = np.roll(labels[0], 1)
    logs = learner.train_on_batch(inputs, labels, return_dict=True)
    assert float(logs["accuracy"]) == pytest.approx(0.8)
