"""TensorBoard's own reader finds the curves and the histograms."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.training.records import tensorboard_log
from alexnet_pipe.training.state import Epoch


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
