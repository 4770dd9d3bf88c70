"""A training on four devices that is stopped, and goes on with one: `python -m tests.training.on_devices FOLDER`.

Its images lie on the devices, and those of the training on one device, with which it is compared, are sent.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alexnet_pipe.base.errors import StoppedError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.inputs.stream import Batch, TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.jax_step import with_pixels
from alexnet_pipe.training.records import Records
from alexnet_pipe.training.trainer import Trainer
from tests.stores import light_and_dark

TRAIN: dict[str, Any] = {"backend": "jax", "batch_size": 8, "optimizer": "adamw", "learning_rate": 0.001}
TRAIN |= {"max_epochs": 2, "mixup": 0.2, "clip_norm": 1.0}
IMAGES, STOP = 20, 3


class Stopped(Trainer):
    def start(self, step: int, batches: Iterator[Batch]) -> None:
        if step + 1 == STOP:
            os.kill(os.getpid(), signal.SIGTERM)
        super().start(step, batches)


def trainer(folder: Path, kind: type[Trainer] = Trainer, **changed: Any) -> Trainer:
    train = TrainParams(**TRAIN, **changed)
    model = Classifier(["dark", "light"], width=0.05, initialisation="he", input_scale=1 / 64, seed=1)
    store = light_and_dark(IMAGES)
    records = Records(Artifacts(folder), Checkpoints(folder / "checkpoints"))
    return kind(model, TrainingStream(store, np.eye(3), train), store, records, train)


def history(run: Trainer) -> list[dict[str, Any]]:
    return [asdict(epoch) for epoch in run.run().history]


def check_pixels(**train: Any) -> None:
    """Crops that are cut out on the device are those that are sent."""
    stream = TrainingStream(light_and_dark(IMAGES), np.eye(3), TrainParams(batch_size=8, **train))
    (sent, _), (placed, _) = stream.batch(4), stream.batch(4, with_images=False)
    cut = with_pixels(placed, np.concatenate(stream.store.shards))
    assert sent.keys() == cut.keys()
    for name, values in sent.items():
        np.testing.assert_array_equal(cut[name], values, strict=True)


def main(folder: Path) -> None:
    check_pixels()
    check_pixels(crop_area=0.3)
    alone = history(trainer(folder / "alone", devices=1, store_on_device=False))
    try:
        trainer(folder / "together", Stopped, devices=4, store_on_device=True).run()
    except StoppedError:
        again = trainer(folder / "together", devices=1, store_on_device=False)
    together = history(again)
    found = {"alone": alone, "together": together, "resumed": again.state.resumed_at}
    (folder / "found.json").write_text(json.dumps({**found, "backend": keras.backend.backend()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
