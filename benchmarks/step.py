"""One training step at full width: towers, response normalization, precision, and how far from the machine's limit.

    python -m benchmarks.step [--batch-size 128]

needs Keras, NumPy and one backend.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.params.model import kernel_shapes
from alexnet_pipe.training.optimizers import PaperSGD
from benchmarks.measure import Times, by_turns, machine

CLASSES = 1000
REPEATS = 7
PEAK_SIDE = 4096

Step = Callable[[], object]


def constant_batch(size: int, classes: int = CLASSES) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Random pixels and labels, shaped as the stream's."""
    generator = np.random.default_rng(0)
    inputs: dict[str, np.ndarray] = {
        "image": generator.integers(0, 256, (size, 227, 227, 3), dtype=np.uint8),
        "offset": generator.integers(0, 30, (size, 2), dtype=np.int32),
        "mirror": generator.integers(0, 2, size).astype(bool),
        "colour_shift": generator.normal(0, 5, (size, 3)).astype(np.float32),
    }
    return inputs, generator.integers(0, classes, size).astype(np.int32)


def training_step(variant: str, precision: str, size: int, normalize: bool = True) -> Step:
    """A step of a new model on a constant batch."""
    keras.config.set_dtype_policy(precision)
    forms = fastest_forms()
    if not normalize:
        forms = replace(forms, normalize=lambda inputs, k, alpha: inputs)
    names = [f"{n}" for n in range(CLASSES)]
    model = Classifier(names, forms=forms, variant=variant, initialisation="bvlc", seed=0)
    model.compile(
        optimizer=PaperSGD(0.001, 0.9, 0.0005, forms=forms),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() != "tensorflow",
    )
    inputs, labels = constant_batch(size)
    return lambda: model.train_on_batch(inputs, labels)


def peak(precision: str) -> Step:
    """A product of two large square matrices: what the machine can do in this precision."""
    matrix = ops.cast(keras.random.normal((PEAK_SIDE, PEAK_SIDE), seed=0), precision)
    return lambda: np.asarray(ops.cast(ops.matmul(matrix, matrix)[0, 0], "float32"))


def operations(variant: str, size: int, width: float = 1.0) -> float:
    """Floating-point operations of one step: two a multiply-add; forward, and twice that backward but for conv1.

    The gradient of the pixels is never computed, so conv1 goes back once.
    """
    products = multiplications(variant, width)
    return 2.0 * size * (3 * sum(products.values()) - products["conv1"])


def multiplications(variant: str, width: float) -> dict[str, int]:
    """By layer, of one image, forward."""
    places = {"conv1": 55**2, "conv2": 27**2, "conv3": 13**2, "conv4": 13**2, "conv5": 13**2}
    shapes = kernel_shapes(variant, width, CLASSES)
    return {name: places.get(name, 1) * prod(shape) for name, shape in shapes.items()}


def measure(size: int) -> dict[str, Times]:
    """All steps and peaks, by turns."""
    steps = {
        "two towers, float32": training_step("paper", "float32", size),
        "single tower, float32": training_step("single-tower", "float32", size),
        "two towers, float32, no LRN": training_step("paper", "float32", size, normalize=False),
        "two towers, mixed_bfloat16": training_step("paper", "mixed_bfloat16", size),
        "two towers, mixed_bfloat16, no LRN": training_step("paper", "mixed_bfloat16", size, normalize=False),
        "matmul, float32": peak("float32"),
        "matmul, bfloat16": peak("bfloat16"),
    }
    return by_turns(steps, REPEATS)


def ratios(times: dict[str, Times]) -> list[tuple[str, float, float]]:
    """Name, ratio, and the least that it must be."""
    t: Any = {name: value.median for name, value in times.items()}
    return [
        ("two towers over single tower, float32", t["single tower, float32"] / t["two towers, float32"], 1.15),
        ("step without LRN over with, float32", t["two towers, float32, no LRN"] / t["two towers, float32"], 0.88),
        (
            "step without LRN over with, mixed_bfloat16",
            t["two towers, mixed_bfloat16, no LRN"] / t["two towers, mixed_bfloat16"],
            0.85,
        ),
        ("mixed_bfloat16 over float32", t["two towers, float32"] / t["two towers, mixed_bfloat16"], 1.6),
    ]


def show(size: int) -> float:
    """Print steps and ratios; returns the seconds of a step of two towers in float32."""
    print(f"training step, batch {size}, {CLASSES} classes, {REPEATS} repeats by turns; {machine()}")
    times = measure(size)
    for name, value in times.items():
        print(f"  {name:38} {value}")
    work = operations("paper", size)
    for precision, matmul in (("float32", "matmul, float32"), ("mixed_bfloat16", "matmul, bfloat16")):
        step = work / times[f"two towers, {precision}"].median / 1e9
        limit = 2.0 * PEAK_SIDE**3 / times[matmul].median / 1e9
        print(
            f"  {precision}: {work / 1e9:,.0f} GFLOP a step at {step:,.0f} GFLOP/s; "
            f"matmul reaches {limit:,.0f}: {step / limit:.0%} of the limit"
        )
    for name, ratio, least in ratios(times):
        print(f"  {name:44} {ratio:.2f} (at least {least})")
    return times["two towers, float32"].median


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=128)
    show(parser.parse_args().batch_size)
