"""The input pipeline alone, beside decoding JPEGs; and training from it, beside training on one constant batch."""

import io
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.trainer import Surroundings, Trainer, compile_for_training
from alexnet_pipe.training.validation import Validation
from benchmarks.measure import by_turns
from benchmarks.step import constant_batch

BATCH = 128
STEPS = 40
JPEGS = 512


def show_pipeline(images: ImageStore, repeats: int) -> None:
    """Images a second of the stream, and of `tf.io.decode_and_crop_jpeg` on the same images, both from memory."""
    stream = TrainingStream(images, 0, min(BATCH, len(images)), np.zeros((3, 3)))
    jpegs = _jpegs(images)
    works = {"stream": lambda: _count(stream.batches(0, STEPS)), "JPEG": lambda: _count(iter(jpegs))}
    times = by_turns(works, repeats)
    rates = {name: STEPS * BATCH / value.median for name, value in times.items()}
    print(f"input pipeline alone, batch {BATCH}, {STEPS} batches")
    print(f"  this one {rates['stream']:,.0f} images/s, decode_and_crop_jpeg {rates['JPEG']:,.0f} images/s")
    print(f"  {'input pipeline over decode_and_crop_jpeg':44} {rates['stream'] / rates['JPEG']:.2f} (at least 5)")


def show_end_to_end(images: ImageStore, rounds: int, steps: int = 12) -> None:
    """Images a second of the real training loop, and of the same step on one constant batch, by turns.

    Validation and the checkpoint at an epoch's end are not counted.
    """
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = Classifier(images.classes, forms=fastest_forms(), initialisation="bvlc", seed=0)
    compile_for_training(model, Plateau(0.001, 100, 0), 0.9, 0.0005)
    stream = _Epochs(images, 0, min(BATCH, len(images)), np.eye(3))
    batch = constant_batch(stream.batch_size, len(images.classes))
    constant, real = [], []
    with tempfile.TemporaryDirectory() as folder:
        around = Surroundings(lambda *_: Validation(1.0, 1.0), Checkpoints(Path(folder)), 1000, _nothing, _nothing)
        trainer = Trainer(model, stream, Plateau(0.001, 100, 0), around)
        trainer.run(1)
        for epoch in range(2, rounds + 2):
            real.append(trainer.run(epoch).history[-1].images_per_second)
            started = time.perf_counter()
            for _ in range(steps):
                model.train_on_batch(*batch)
            constant.append(steps * stream.batch_size / (time.perf_counter() - started))
    print(f"training from the store, full width, mixed_bfloat16, batch {stream.batch_size}")
    print(f"  images a second: {_all(real)}; on one constant batch: {_all(constant)}")
    ratio = float(np.median(real) / np.median(constant))
    print(f"  {'training over the step on a constant batch':44} {ratio:.2f} (at least 0.95)")


class _Epochs(TrainingStream):
    """Epochs of a dozen steps."""

    def first_step(self, epoch: int) -> int:
        return 12 * epoch


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


def _count(batches: Any) -> int:
    return sum(1 for _ in batches)


def _nothing(*_: object) -> None:
    return None


def _all(rates: list[float]) -> str:
    return f"{np.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
