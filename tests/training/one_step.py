"""One training step of each case on the backend `KERAS_BACKEND`: `python -m tests.training.one_step FOLDER`."""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.optimizers import compile_for_training, training_step
from tests.inputs.batches import random_batch
from tests.stores import random_store

CASES = {
    "paper": ("paper", "sgd", 0.001),
    "normalized": ("batch-normalization", "sgd", 0.001),
    "lars": ("batch-normalization", "lars", 1.0),
}
"""Of each variant, optimizer and ε."""
AUGMENTED: dict[str, float] = {"crop_area": 0.2, "mixup": 0.2, "label_smoothing": 0.1}


def take_one_step(case: str, result: Path) -> None:
    """Write to `result` weights before and after, the loss, those of `changed_batches`, and the backend."""
    variant, optimizer, rate = CASES[case]
    model = Classifier(["a", "b", "c"], variant=variant, width=0.05, initialisation="he", input_scale=1 / 64)
    generator = np.random.default_rng(4)
    # Weights from NumPy, and no dropout: the backends' random numbers differ.
    model.set_weights(
        [generator.normal(0, (2 / max(1, np.prod(w.shape[:-1]))) ** 0.5, w.shape) for w in model.get_weights()]
    )
    for weight in model.network.weights:
        if weight.name == "moving_variance":
            weight.assign(np.abs(weight))
    model.mean.assign(np.full((256, 256, 3), 120.0))
    for name in ("drop6", "drop7"):
        model.network.get_layer(name).rate = 0.0
    step = step_of(model, learning_rate=0.5, optimizer=optimizer)
    before = {f"before {n}": weights for n, weights in enumerate(model.get_weights())}
    logs = step(*random_batch(8, 3), rate)
    step.settle()
    after = {f"after {n}": weights for n, weights in enumerate(model.get_weights())}
    np.savez(
        result,
        **before,
        **after,
        loss=float(logs["loss"]),
        accuracy=float(logs["accuracy"]),
        changed=changed_batches(model) if case == "paper" else [],
        backend=keras.backend.backend(),
    )


def changed_batches(model: Classifier) -> list[float]:
    """AdamW's losses of three batches in which all is changed that can be, and of the first again."""
    step = step_of(model, optimizer="adamw", **AUGMENTED)
    batches = (random_batch(8, 3, seed, **AUGMENTED) for seed in (0, 1, 2, 0))
    return [float(step(*batch, 1e-5)["loss"]) for batch in batches]


def step_of(model: Classifier, **train: Any) -> Any:
    """How the model takes steps of batches of 8."""
    chosen = TrainParams(batch_size=8, clip_norm=1.0, backend=keras.backend.backend(), **train)
    return training_step(compile_for_training(model, chosen), TrainingStream(random_store(8, 3), np.eye(3), chosen))


if __name__ == "__main__":
    for each in CASES:
        take_one_step(each, Path(sys.argv[1], f"{each}.npz"))
