"""Where a training step's time goes, layer by layer, beside what the machine's rate of a large matmul would allow.

    python -m benchmarks.layers [--batch-size 128] [--precision mixed_bfloat16]

needs TensorFlow. Each layer runs alone, forward and back, on random numbers of the shapes that it has in the network; a
whole step and the matmul run by turns with them. What the sum of the layers leaves of the step is what their being
together costs, or saves.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import keras
import tensorflow as tf

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.training.optimizers import PaperSGD
from benchmarks.measure import Times, by_turns, machine
from benchmarks.step import CLASSES, PEAK_SIDE, Step, constant_batch, multiplications, peak, training_step

REPEATS = 7
_WITH = ("relu", "drop")
"""Layers that are measured with the one before them."""


def works(size: int, precision: str) -> dict[str, Step]:
    """What a step consists of: the input, each layer with its ReLU, and the update of the weights."""
    keras.config.set_dtype_policy(precision)
    forms = fastest_forms()
    model = Classifier([str(n) for n in range(CLASSES)], forms=forms, initialisation="bvlc", seed=0)
    inputs, _ = constant_batch(size)
    preprocess = tf.function(lambda given: model.get_layer("preprocessing")(**given), autograph=False)
    given = {name: tf.constant(value) for name, value in inputs.items()}
    found: dict[str, Step] = {"input": lambda: preprocess(given)}
    for block in _blocks(model.network):
        found[block[0].name] = _forward_and_back(block, size)
    found["update"] = _update(model.network, PaperSGD(0.001, 0.9, 0.0005, forms=forms))
    return found


def _blocks(network: keras.Model) -> Iterator[list[keras.Layer]]:
    """The layers that compute something, each with what follows it in place."""
    number = 0
    numbered = []
    for layer in network.layers[1:]:
        if isinstance(layer, keras.layers.Flatten | keras.layers.Activation):
            continue
        number += not layer.name.startswith(_WITH)
        numbered.append((number, layer))
    for _, block in groupby(numbered, key=lambda pair: pair[0]):
        yield [layer for _, layer in block]


def _forward_and_back(block: Sequence[keras.Layer], size: int) -> Step:
    weights = [weight.value for layer in block for weight in layer.trainable_variables]
    inputs = _random((size, *block[0].input.shape[1:]), block[0].compute_dtype)
    upstream = _random((size, *block[-1].output.shape[1:]), block[-1].compute_dtype)

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = inputs
            for layer in block:
                outputs = layer(outputs, training=True)
        # The gradient of the pixels is never computed.
        sources = weights if block[0].name == "conv1" else [*weights, inputs]
        return tape.gradient(outputs, sources, output_gradients=upstream)

    return step


def _random(shape: Sequence[int], dtype: str) -> Any:
    return tf.cast(tf.random.stateless_normal(shape, seed=(0, 1)), dtype)


def _update(network: keras.Model, optimizer: Any) -> Step:
    weights = network.trainable_variables
    gradients = [_random(weight.shape, "float32") for weight in weights]
    optimizer.build(weights)
    return tf.function(lambda: optimizer.apply(gradients, weights), autograph=False)


def show(size: int, precision: str) -> None:
    """Print one row a layer: its operations, its time, the time that they would take at the matmul's rate, the rest."""
    print(f"a step by layers, batch {size}, {precision}; {machine()}")
    parts = works(size, precision)
    matmul = "bfloat16" if precision == "mixed_bfloat16" else precision
    times = by_turns({**parts, "step": training_step("paper", precision, size), "matmul": peak(matmul)}, REPEATS)
    rate = 2.0 * PEAK_SIDE**3 / times["matmul"].median
    counts = {name: _operations(name, size) for name in parts}
    print(f"  matmul {rate / 1e9:,.0f} GFLOP/s\n  {'':8}{'GFLOP':>8}{'ms':>9}{'at limit':>10}{'lost':>8}{'reaches':>9}")
    for name, count in counts.items():
        print(_row(name, count, times[name], rate))
    print(_row("sum", sum(counts.values()), _sum([times[name] for name in parts]), rate))
    print(_row("step", sum(counts.values()), times["step"], rate))


def _operations(name: str, size: int) -> float:
    """Of a layer's products, forward and twice that back; of conv1 once back."""
    products = multiplications("paper", 1.0)
    return 2.0 * size * products.get(name, 0) * (2 if name == "conv1" else 3)


def _sum(times: Sequence[Times]) -> Times:
    return Times(tuple(map(sum, zip(*(each.seconds for each in times), strict=True))))


def _row(name: str, count: float, times: Times, rate: float) -> str:
    limit = count / rate
    reaches = f"{limit / times.median:.0%}" if count else ""
    values = (count / 1e9, 1e3 * times.median, 1e3 * limit, 1e3 * (times.median - limit))
    return f"  {name:8}{values[0]:8,.1f}{values[1]:9,.1f}{values[2]:10,.1f}{values[3]:8,.1f}{reaches:>9}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    options = parser.parse_args()
    show(options.batch_size, options.precision)
