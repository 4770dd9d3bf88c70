"""What an interrupted run may take over; TensorBoard's own reader finds the curves and the histograms."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.records import Records, tensorboard_log
from alexnet_pipe.training.state import Epoch
from tests.stores import training_folder

CHANGED: dict[str, object] = {
    "seed": 1,
    "batch_size": 64,
    "optimizer": "adamw",
    "learning_rate": 0.02,
    "schedule": "constant",
    "warmup_epochs": 1.0,
    "momentum": 0.8,
    "weight_decay": 0.001,
    "clip_norm": 1.0,
    "colour_shift": 0.2,
    "patience": 5,
    "cuts": 1,
    "dropout": 0.4,
    "random_crops": False,
    "mirror": False,
    "crop_area": 0.35,
    "mixup": 0.2,
    "label_smoothing": 0.1,
    "precision": "mixed_bfloat16",
    "deterministic": False,
    "freeze": ["conv1"],
    "train_only": ["fc8"],
    "learning_rate_multipliers": {"fc8": 10.0},
    "backend": "jax",
    "variant": "bvlc",
    "width": 0.5,
    "initialisation": "he",
    "input_scale": 0.5,
}
"""Another value for each parameter that decides what a step computes."""


def test_a_run_takes_nothing_over_from_one_with_another_value_of_what_decides_a_step(tmp_path: Path) -> None:
    artifacts = training_folder(tmp_path, images=2, validation=2)
    (tmp_path / "first.keras").write_bytes(b"other weights")
    (tmp_path / "second.keras").write_bytes(b"other weights, again")

    def kept(**changed: object) -> Path:
        model = {name: changed.pop(name) for name in set(changed) & set(ModelParams.model_fields)}
        return Records.of_run(artifacts, ModelParams(**model), TrainParams(**changed)).checkpoints.folder

    first = [kept(), kept(init_weights="first.keras"), kept(init_weights="second.keras")]
    others = [kept(**{name: value}) for name, value in CHANGED.items()]
    assert len({*first, *others}) == len(first) + len(others)
    assert kept(init_weights="first.keras", init_sha256=file_digest(tmp_path / "first.keras")) == first[1]
    # A rate that falls to 0 at the end of 20 epochs is another than one that does so at the end of 40.
    planned = [kept(schedule="linear", max_epochs=epochs) for epochs in (20, 40)]
    assert planned[0] != planned[1]
    assert kept(max_epochs=1, checkpoint_steps=1, on_flat_loss="warn", flat_loss_steps=1, tensorboard=True) == first[0]


def test_of_every_parameter_it_is_decided_whether_a_run_takes_over_what_another_value_has_made() -> None:
    parameters = {*ModelParams.model_fields, *TrainParams.model_fields}
    elsewhere = {"max_epochs", "init_weights", "init_sha256"}
    assert parameters == {*CHANGED, *TrainParams.UNRELATED_TO_STEPS, *elsewhere}


def test_curves_and_histograms_of_every_weight_are_logged(tmp_path: Path) -> None:
    model = Classifier(["a", "b"], width=0.05, seed=1)
    epoch = Epoch(1, 30, 0.01, 0.6, 0.4, 0.5, 0.3, 9.0, 0.1, 3.3, 100.0)
    tensorboard_log(tmp_path / "run")(epoch, model)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {"train_loss", "validation_top1_error", "learning_rate", "images_per_second"} <= set(tags)
    assert {weight.path for weight in model.network.weights} <= set(tags)
    (loss,) = events.Tensors("validation_loss")
    assert loss.step == 30
    assert float(make_ndarray(loss.tensor_proto)) == pytest.approx(0.5)
