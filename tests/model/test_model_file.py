"""Equal models make equal files, and a file gives the model back."""

import time
from pathlib import Path

import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import load_model, save_model
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.portable.stored_model import weights_digest
from alexnet_pipe.training.optimizers import compile_for_training

VARIANTS = ["bvlc", "batch-normalization"]


def classifier(variant: str = "bvlc") -> Classifier:
    model = Classifier(["cat", "dog"], variant=variant, width=0.05, initialisation="he", seed=1)
    model.temperature, model.temperature_ten_view = 0.8, 0.6
    model.mean.assign(np.full((256, 256, 3), 100.0))
    random = np.random.default_rng(1)
    for weight in model.network.weights:
        if weight.ndim == 1:
            weight.assign(random.uniform(0.5, 2, weight.shape))
    return model


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_loaded_model_has_the_same_classes_mean_and_answers(variant: str, tmp_path: Path) -> None:
    model = classifier(variant)
    save_model(tmp_path / "m.keras", model)
    loaded = load_model(tmp_path / "m.keras")
    inputs = view(np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8), (14, 14), False)
    assert loaded.classes == ("cat", "dog")
    assert loaded.get_config() == model.get_config()
    assert (loaded.temperature, loaded.temperature_ten_view) == (0.8, 0.6)
    np.testing.assert_array_equal(loaded.mean, model.mean)
    for mine, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_allclose(loaded.predict_on_batch(inputs), model.predict_on_batch(inputs), rtol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equal_weights_make_equal_bytes_at_any_time_and_after_training_set_up(variant: str, tmp_path: Path) -> None:
    save_model(tmp_path / "one.keras", classifier(variant))
    # Keras stamps the second into a file, and zip every other second.
    start = int(time.time()) // 2
    while int(time.time()) // 2 == start:
        time.sleep(0.05)
    other = classifier(variant)
    compile_for_training(other, TrainParams())
    save_model(tmp_path / "other.keras", other)
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "other.keras").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "other.keras"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(bytes(20))
    with pytest.raises(UserError, match=r"m\.keras is not a model of this project"):
        load_model(path)


def test_a_digest_depends_on_values_shapes_and_order() -> None:
    one, two = np.zeros((2, 3), np.float32), np.ones(4, np.float32)
    digests = {
        weights_digest(weights)
        for weights in ([one, two], [two, one], [one.reshape(3, 2), two], [one, two * 2], [one, two.astype(np.float64)])
    }
    assert len(digests) == 5
