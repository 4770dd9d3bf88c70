"""One training step of each variant on the backend `KERAS_BACKEND`: `python -m tests.training.one_step FOLDER`."""

import sys
from pathlib import Path

import keras
import numpy as np

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.optimizers import compile_for_training
from tests.inputs.batches import random_batch

VARIANTS = ("paper", "batch-normalization")
AUGMENTED: dict[str, float] = {"crop_area": 0.2, "mixup": 0.2, "label_smoothing": 0.1}


def take_one_step(variant: str, result: Path) -> None:
    """Write to `result` weights before and after, the loss, those of `changed_batches`, and the backend."""
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
    compile_for_training(model, TrainParams(learning_rate=0.001, clip_norm=1.0))
    # JAX would compile each operation of the step by itself, 274 of them.
    model.jit_compile = keras.backend.backend() == "jax"
    before = {f"before {n}": weights for n, weights in enumerate(model.get_weights())}
    logs = model.train_on_batch(*random_batch(8, 3), return_dict=True)
    after = {f"after {n}": weights for n, weights in enumerate(model.get_weights())}
    np.savez(
        result,
        **before,
        **after,
        loss=logs["loss"],
        changed=changed_batches(model) if variant == "paper" else [],
        backend=keras.backend.backend(),
    )


def changed_batches(model: Classifier) -> list[float]:
    """AdamW's losses of three batches in which all is changed that can be, and of the first again."""
    learner = compile_for_training(
        model, TrainParams(optimizer="adamw", learning_rate=1e-5, clip_norm=1.0, **AUGMENTED)
    )
    batches = (random_batch(8, 3, seed, **AUGMENTED) for seed in (0, 1, 2, 0))
    return [learner.train_on_batch(*batch, return_dict=True)["loss"] for batch in batches]


if __name__ == "__main__":
    for each in VARIANTS:
        take_one_step(each, Path(sys.argv[1], f"{each}.npz"))
