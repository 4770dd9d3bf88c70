"""What pooling, response normalization and the optimizer take of a step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from alexnet_pipe.model.alexnet import AlexNet
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.model.tensorflow_forms import summed_normalization
from alexnet_pipe.training.optimizers import PaperSGD
from benchmarks.measure import Times, by_turns

MAPS = {"1": (55, 55, 96), "2": (27, 27, 256), "5": (13, 13, 256)}


def measure(size: int, repeats: int) -> dict[str, Times]:
    """Each part forward and backward on random values, float32, batch of `size`."""
    works: dict[str, Callable[[], object]] = {"optimizer": _update()}
    for number, shape in MAPS.items():
        maps = tf.nn.relu(tf.random.normal((size, *shape))) * 10
        works[f"pool{number}"] = _there_and_back(lambda a: tf.nn.max_pool2d(a, 3, 2, "VALID"), maps)
        if number != "5":
            works[f"norm{number}"] = _there_and_back(lambda a: summed_normalization(a, 2.0, 1e-4), maps)
    return by_turns(works, repeats)


def show(size: int, repeats: int, step_seconds: float) -> None:
    times = measure(size, repeats)
    print(f"parts of a step alone, forward and backward, batch {size}, float32")
    for name, value in times.items():
        print(f"  {name:10} {value}")
    total = sum(value.median for value in times.values())
    print(f"  together {1000 * total:,.0f} ms: {total / step_seconds:.0%} of a step")


def _there_and_back(form: Callable[[Any], Any], maps: Any) -> Callable[[], object]:
    @tf.function
    def both(a: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(a)
            outputs = form(a)
        return tape.gradient(outputs, a)

    return lambda: both(maps)


def _update() -> Callable[[], object]:
    model = AlexNet(1000)
    optimizer = PaperSGD(0.01, 0.9, 0.0005, forms=fastest_forms())
    optimizer.build(model.trainable_variables)
    gradients = [tf.constant(np.ones(variable.shape, np.float32)) for variable in model.trainable_variables]
    update: Callable[[], object] = tf.function(lambda: optimizer.apply(gradients))
    return update
