"""What a run leaves on the disk: checkpoints to go on from, and what can be read of it while it goes on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from alexnet_pipe.base.files import required, save_json, written_aside
from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams, initial_weights
from alexnet_pipe.portable.stored_model import weights_digest
from alexnet_pipe.statistics.first_kernels import learned_kernels
from alexnet_pipe.store.store_files import CLASSES_FILE, INDEX_FILE
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.optimizers import trained_parameters
from alexnet_pipe.training.set_up import devices
from alexnet_pipe.training.state import Epoch, State

Log = Callable[[Epoch, Classifier], None]


class Records:
    """The files of one run.

    Attributes:
        checkpoints: From which the same run goes on, if it is interrupted.
        devices: How many share each batch.
    """

    devices = 1

    def __init__(self, artifacts: Artifacts, checkpoints: Checkpoints, log: Log = lambda *_: None) -> None:
        self.checkpoints = checkpoints
        self._artifacts = artifacts
        self._log = log

    @classmethod
    def of_run(cls, artifacts: Artifacts, model: ModelParams, train: TrainParams) -> "Records":
        """Those of the run that these parameters, this code and these data decide."""
        decisive = {name: value for name, value in train.decisive().items() if not name.startswith("init_")}
        # The index has the source of every image; the exact statistics change with any pixel that the resize makes.
        data = [artifacts.images / INDEX_FILE, artifacts.images / CLASSES_FILE, artifacts.mean, artifacts.pca]
        data += [initial] if (initial := initial_weights(artifacts, train)) else []
        name = run_fingerprint(artifacts.root, {"model": model.model_dump(), "train": decisive}, map(required, data))
        logs = [tensorboard_log(artifacts.tensorboard / name)] if train.tensorboard else []
        return cls(artifacts, Checkpoints(artifacts.checkpoints / name), *logs)

    def after_epoch(self, state: State, model: Classifier) -> None:
        """Bring up to date what `dvc metrics diff` and `dvc plots diff` read while training goes on."""
        self.write(state, model)
        self._log(state.history[-1], model)

    def write(self, state: State, model: Classifier) -> None:
        """Write history and metrics."""
        with written_aside(self._artifacts.history) as aside:
            pd.DataFrame(map(asdict, state.history)).to_csv(aside, index=False)
        save_json(self._artifacts.train_metrics, training_metrics(state, model, self.devices))


def training_metrics(state: State, model: Classifier, devices_sharing: int = 1) -> dict[str, Any]:
    """Counts, the best epoch's losses and errors, speed, and what identifies weights and machine."""
    history, best = state.history, state.best
    seconds = sum(epoch.seconds for epoch in history)
    images = sum(epoch.seconds * epoch.images_per_second for epoch in history)
    return {
        "epochs": len(history),
        "steps": history[-1].step,
        "best_epoch": best.epoch,
        "resumed_at_steps": state.resumed_at,
        "train_loss": best.train_loss,
        "train_top1_error": best.train_top1_error,
        "validation_loss": best.validation_loss,
        "validation_top1_error": best.validation_top1_error,
        "images_per_second": round(images / seconds, 1),
        "seconds": round(seconds, 1),
        "waiting_seconds": round(sum(epoch.waiting_seconds for epoch in history), 1),
        "parameters": model.network.count_params(),
        "trained_parameters": trained_parameters(model),
        "learned_kernels": learned_kernels(
            np.asarray(model.network.get_layer("conv1").kernel), model.network.arguments["variant"]
        ),
        "precision": _precision(model),
        "backend": keras.backend.backend(),
        "device": devices()[0].split(":")[0],
        "devices": devices_sharing,
        "temperature": model.temperature,
        "temperature_ten_view": model.temperature_ten_view,
        "weights_digest": weights_digest(model.get_weights()),
    }


def _precision(model: Classifier) -> str:
    """As `TrainParams.precision` names it, by what conv1 gives and what its weights are."""
    conv1 = model.network.get_layer("conv1")
    computed, kept = conv1.output.dtype, conv1.kernel.dtype
    return computed if computed == kept else f"mixed_{computed}"


def tensorboard_log(folder: Path) -> Log:
    """What writes an epoch's numbers as curves, and histograms of all weights, for `tensorboard --logdir`."""
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))

    def log(epoch: Epoch, model: Classifier) -> None:
        with writer.as_default(epoch.step):
            for name, value in asdict(epoch).items():
                tf.summary.scalar(name, value)
            for weight in model.network.weights:
                tf.summary.histogram(weight.path, weight.value)
        writer.flush()

    return log


def run_fingerprint(root: Path, parameters: Mapping[str, Any], data: Iterable[Path]) -> str:
    """The `fingerprint` of stage `train`, and of the versions of the libraries that compute."""
    versions = {name: import_module(name).__version__ for name in ("keras", keras.backend.backend(), "numpy")}
    return fingerprint(root, "train", {**parameters, "versions": versions}, data)
