"""What a frozen layer costs: a step that trains some layers only, against one that trains all, at full width."""

from functools import partial
from math import prod

import keras

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.params.train import LAYERS, Layer, TrainParams
from alexnet_pipe.training.optimizers import compile_for_training
from benchmarks.measure import by_turns
from benchmarks.step import Step, constant_batch

_CHOICES: dict[str, tuple[Layer, ...]] = {"all layers": LAYERS, "fc6, fc7, fc8": ("fc6", "fc7", "fc8"), "fc8": ("fc8",)}


def show(size: int, repeats: int) -> None:
    """Print the time of a step, its share of a whole one, and the bytes that the optimizer keeps."""
    models = {name: _model(layers) for name, layers in _CHOICES.items()}
    batch = constant_batch(size, classes=2)
    steps: dict[str, Step] = {name: partial(model.train_on_batch, *batch) for name, model in models.items()}
    evaluation = next(iter(models.values()))
    times = by_turns(steps | {"forward only": partial(evaluation.predict_on_batch, batch[0])}, repeats, warm_up=1)
    whole = times["all layers"].median
    print(f"a step that trains some layers only, float32, batch {size}")
    for name, taken in times.items():
        kept = f", momentum {_momentum(models[name]) / 1e6:.1f} MB" if name in models else ""
        print(f"  {name:44} {taken}, {taken.median / whole:.2f} of a whole step{kept}")


def _model(layers: tuple[Layer, ...]) -> Classifier:
    keras.config.set_dtype_policy("float32")
    model = Classifier(["a", "b"], forms=fastest_forms(), variant="bvlc", initialisation="bvlc")
    compile_for_training(model, TrainParams(learning_rate=0.001, train_only=list(layers)))
    return model


def _momentum(model: Classifier) -> int:
    """Bytes."""
    return 4 * sum(prod(variable.shape) for variable in model.optimizer.variables if len(variable.shape))
