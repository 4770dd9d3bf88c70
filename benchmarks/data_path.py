"""The input pipeline alone, beside decoding JPEGs; and training from it, beside training on one constant batch."""

import io
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.optimizers import compile_for_training
from alexnet_pipe.training.records import Records
from alexnet_pipe.training.state import Validation
from alexnet_pipe.training.trainer import Trainer
from benchmarks.measure import by_turns
from benchmarks.step import constant_batch

BATCH = 128
STEPS = 40
JPEGS = 512
PUBLISHED, AUGMENTED = "published crops", "boxes and mixup"
RECIPES: dict[str, dict[str, float]] = {PUBLISHED: {}, AUGMENTED: {"crop_area": 0.35, "mixup": 0.2}}


def show_pipeline(images: ImageStore, repeats: int) -> None:
    """Images a second of the stream, and of `tf.io.decode_and_crop_jpeg` on the same images, both from memory."""
    jpegs = _jpegs(images)
    works: dict[str, Callable[[], object]] = {"decode_and_crop_jpeg": lambda: _count(iter(jpegs))}
    for name, train in RECIPES.items():
        works[name] = partial(_made, TrainingStream(images, np.zeros((3, 3)), _recipe(images, **train)))
    times = by_turns(works, repeats)
    rates = {name: STEPS * BATCH / value.median for name, value in times.items()}
    print(f"input pipeline alone, batch {BATCH}, {STEPS} batches")
    print(f"  {', '.join(f'{name} {rate:,.0f} images/s' for name, rate in rates.items())}")
    for name in RECIPES:
        ratio = rates[name] / rates["decode_and_crop_jpeg"]
        print(f"  {f'{name} over decode_and_crop_jpeg':44} {ratio:.2f} (at least 5)")


def show_end_to_end(images: ImageStore, rounds: int, steps: int = 12) -> None:
    """Images a second of the real training loop, and of the published step on one constant batch, by turns.

    Validation and the checkpoint at an epoch's end are not counted. The second recipe's images are resampled and mixed
    on the device, which the published step does not do.
    """
    for width, name in ((1.0, PUBLISHED), (1.0, AUGMENTED), (0.25, PUBLISHED), (0.25, AUGMENTED)):
        real, constant = _end_to_end(images, width, RECIPES[name], rounds, steps)
        print(f"training from the store, {name}, width {width:g}, mixed_bfloat16, batch {min(BATCH, len(images))}")
        print(f"  images a second: {_all(real)}; the published step on one constant batch: {_all(constant)}")
        ratio = float(np.median(real) / np.median(constant))
        print(
            f"  {'training over the step on a constant batch':44} {ratio:.2f}{' (at least 0.95)' if width == 1 else ''}"
        )


def _end_to_end(
    images: ImageStore, width: float, recipe: dict[str, float], rounds: int, steps: int
) -> tuple[list[float], list[float]]:
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, bare = (
        Classifier(images.classes, forms=fastest_forms(), width=width, initialisation="bvlc", seed=0) for _ in range(2)
    )
    common = {"learning_rate": 0.001, "patience": rounds + 1, "max_epochs": rounds + 1, "on_flat_loss": "warn"}
    train = _recipe(images, **common, **recipe)
    compile_for_training(bare, _recipe(images, **common))
    stream = _Epochs(images, np.eye(3), train)
    batch = constant_batch(stream.batch_size, len(images.classes))
    constant: list[float] = []

    class OnConstantBatch(Trainer):
        def validate(self, between: Callable[[], None]) -> Validation:
            started = time.perf_counter()
            for _ in range(steps):
                bare.train_on_batch(*batch)
            constant.append(steps * stream.batch_size / (time.perf_counter() - started))
            return Validation(1.0, 1.0)

    with tempfile.TemporaryDirectory() as folder:
        records = Records(Artifacts(Path(folder)), Checkpoints(Path(folder) / "kept"))
        history = OnConstantBatch(model, stream, images, records, train).run().history
    # The first epoch compiles.
    return [epoch.images_per_second for epoch in history[1:]], constant[1:]


def _recipe(images: ImageStore, **train: Any) -> TrainParams:
    return TrainParams(seed=0, batch_size=min(BATCH, len(images)), **train)


class _Epochs(TrainingStream):
    """Epochs of a dozen steps."""

    def first_step(self, epoch: float) -> int:
        return int(12 * epoch)


def _jpegs(images: ImageStore) -> Any:
    files = []
    for index in range(min(JPEGS, len(images))):
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(images[index])).save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    crop = tf.constant([14, 14, 227, 227])
    return (
        tf.data.Dataset.from_tensor_slices(files)
        .repeat()
        .take(STEPS * BATCH)
        .map(lambda file: tf.io.decode_and_crop_jpeg(file, crop), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH)
        .prefetch(2)
    )


def _made(stream: TrainingStream) -> int:
    return _count(stream.batches(0, STEPS))


def _count(batches: Any) -> int:
    return sum(1 for _ in batches)


def _all(rates: list[float]) -> str:
    return f"{np.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
