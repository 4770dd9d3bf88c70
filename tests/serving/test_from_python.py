"""What a program of one's own gets: the rows of `predict`, fc7, and names that cost nothing until they are used."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import alexnet_pipe
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.evaluation.ten_views import FeatureNetwork, ten_view_softmax
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.portable.stored_model import weights_digest
from alexnet_pipe.serving import from_python

CLASSES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def keras_model() -> Classifier:
    model = Classifier(CLASSES, width=0.05, initialisation="he", input_scale=0.1, seed=4)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    fc8 = model.network.get_layer("fc8").kernel
    fc8.assign(np.random.default_rng(0).normal(0, 0.3, fc8.shape))
    model.temperature, model.temperature_ten_view = 2.0, 0.5
    return model


@pytest.fixture(scope="module")
def model(keras_model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> from_python.TrainedClassifier:
    path = tmp_path_factory.mktemp("model") / "m.keras"
    save_model(path, keras_model)
    return alexnet_pipe.load(path)


@pytest.fixture
def images(tmp_path: Path) -> np.ndarray:
    """Five images that differ, uint8 `(5, 256, 256, 3)`, which are files called 0.png to 4.png as well."""
    shades = np.linspace(20, 235, 5)[:, None, None, None]
    noise = np.random.default_rng(1).normal(0, 20, (5, 256, 256, 3))
    images = np.clip(shades + noise, 0, 255).astype(np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    return images


def test_paths_arrays_and_images_of_pillow_get_what_keras_says(
    model: from_python.TrainedClassifier,
    keras_model: Classifier,
    images: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(from_python, "BATCH", 2)
    softmax, features = ten_view_softmax(FeatureNetwork(keras_model), images)
    # Of ten views: the temperature 0.5 squares their mean.
    squares = np.sort(softmax.mean(axis=0), axis=1)[:, ::-1] ** 2
    expected = squares / squares.sum(axis=1, keepdims=True)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for pictures in (paths, list(map(str, paths)), list(images), images, list(map(Image.open, paths))):
        table = model.predict(pictures, top=2)
        assert list(table) == ["photograph", "outcome", "reason", "class1", "probability1", "class2", "probability2"]
        np.testing.assert_allclose(table[["probability1", "probability2"]], expected[:, :2], rtol=1e-4)
        assert list(table["class1"]) == [CLASSES[label] for label in softmax.mean(axis=0).argmax(axis=1)]
        np.testing.assert_allclose(model.features(pictures), features, rtol=1e-3, atol=1e-5 * features.max())
    assert list(model.predict(paths)["photograph"]) == paths
    assert list(model.predict(images)["photograph"]) == [Path(str(number)) for number in range(5)]
    assert list(model.predict(paths[3])["class1"]) == list(model.predict(images[3])["class1"])
    assert (model.classes, model.variant) == (tuple(CLASSES), "paper")
    assert model.weights_digest == weights_digest(keras_model.get_weights())


def test_what_cannot_be_used_is_a_row_and_has_no_features(
    model: from_python.TrainedClassifier, images: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "torn.jpg").write_bytes(b"no photograph")
    table = model.predict([tmp_path / "torn.jpg", tmp_path / "1.png"])
    assert list(table["outcome"]) == ["refused", "predicted"]
    assert table["reason"][0].startswith("not an image: ")
    assert table["class1"].isna().tolist() == [True, False]
    with pytest.raises(UserError, match=r"torn\.jpg: not an image: "):
        model.features([tmp_path / "1.png", tmp_path / "torn.jpg"])
    with pytest.raises(UserError, match=r"^an array of float64, 256×256×3, is no photograph: give RGB pixels, uint8 "):
        model.predict(images[0] / 255)
    assert model.predict([]).empty


def test_where_it_is_not_sure_enough_it_chooses_no_class(
    model: from_python.TrainedClassifier, images: np.ndarray
) -> None:
    sure = model.predict(images)
    bound = float(np.sort(sure["probability1"])[2])
    table = model.predict(images, min_confidence=bound)
    unsure = sure["probability1"] < bound
    assert unsure.sum() == 2
    assert list(table["outcome"]) == ["unsure" if each else "predicted" for each in unsure]
    assert table["class1"].isna().equals(unsure)
    assert table[~unsure].drop(columns="reason").equals(sure[~unsure].drop(columns="reason"))
    first = int(np.flatnonzero(unsure)[0])
    name, share = sure.loc[first, ["class1", "probability1"]]
    assert table["reason"][first] == f"{name} has {share:.9g}, less than {bound:.9g}"
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(
            UserError, match=r"^min_confidence (-0\.1|1\.1|nan) is no probability: give one from 0 to 1$"
        ):
            model.predict(images, min_confidence=wrong)


def test_a_name_that_is_not_there_and_a_model_that_is_missing_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AttributeError, match="has no attribute 'Alexnet'"):
        alexnet_pipe.Alexnet  # noqa: B018
    with pytest.raises(UserError, match=r"missing\.keras is no file, and "):
        alexnet_pipe.load(tmp_path / "missing.keras")
    assert doctest.testmod(alexnet_pipe).failed == 0


@pytest.mark.slow
def test_the_package_imports_nothing_until_a_name_is_used_and_then_no_tensorflow_to_load() -> None:
    program = """
import sys, alexnet_pipe
print(*sorted(name for name in sys.modules if name.startswith(("alexnet_pipe.", "numpy", "pandas", "keras"))))
alexnet_pipe.load
print(*({"keras", "tensorflow"} & sys.modules.keys()))
print(alexnet_pipe.AlexNet(10, variant="bvlc", width=0.05).count_params() > 0, *sorted(alexnet_pipe.__all__))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    none, neither, used = done.stdout.split("\n")[:3]
    assert (none, neither) == ("", "")
    assert used == "True AlexNet ImageStore TrainedClassifier UserError load"
