"""Stochastic gradient descent as the paper writes it (section 5), LARS and AdamW; and the step that they take."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, Protocol

import keras
from keras import ops

from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.params.model import owner
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.augmentation import training_model
from alexnet_pipe.training.processes import Processes


class _ByLayer:
    """Multiplies ε by layer, as Caffe's `lr_mult` does, and makes one operation of the update of all variables."""

    def __init__(
        self, *args: Any, multipliers: Mapping[Any, float] | None = None, forms: Forms = PORTABLE, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.multipliers = dict(multipliers or {})
        self._fused = forms.fused

    def build(self, variables: Any) -> None:
        super().build(variables)  # type: ignore[misc]
        # Noted here because `update_step` may be given the backend's own variables, which have other names.
        self._factors = [self.multipliers.get(_layer(variable), 1.0) for variable in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        if not self.built:  # type: ignore[attr-defined]
            self.build(trainable_variables)
        update = super().apply  # type: ignore[misc]
        return self._fused(lambda gradients: update(gradients, trainable_variables))(list(grads))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        factor = self._factors[self._get_variable_index(variable)]  # type: ignore[attr-defined]
        if factor != 1:
            learning_rate = ops.cast(learning_rate, variable.dtype) * factor
        super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "multipliers": self.multipliers}  # type: ignore[misc]


@keras.saving.register_keras_serializable("alexnet_pipe")
class PaperSGD(_ByLayer, keras.optimizers.SGD):
    """v ← momentum·v − weight_decay·ε·w − ε·g, then w ← w + v.

    The decay goes through the momentum, unlike Keras' own `weight_decay`. Kernels alone decay: the paper decays
    "weights", and Caffe's AlexNet sets `decay_mult: 0` for biases. ε may be multiplied by layer, and the decay with it.
    """

    def __init__(self, learning_rate: float, momentum: float, decay: float, **kwargs: Any) -> None:
        """`decay` multiplies ε·w; `multipliers` multiply ε by layer name; `forms`, no part of the configuration."""
        super().__init__(learning_rate=learning_rate, momentum=momentum, **kwargs)
        self.decay = decay

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._decays = [variable.name == "kernel" for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self._decays[self._get_variable_index(variable)]:
            gradient = ops.add(ops.cast(gradient, variable.dtype), self.decay * variable)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decay": self.decay}


@keras.saving.register_keras_serializable("alexnet_pipe")
class LARS(PaperSGD):
    """Layer-wise adaptive rates for large batches (You, Gitman and Ginsburg 2017, arXiv 1708.03888, algorithm 1).

    ε of a kernel is multiplied by 0.001·‖w‖ / (‖g‖ + decay·‖w‖), so that a step moves it by ε/1000 of its norm. Biases,
    and scales and shifts of a batch normalization, neither decay nor adapt: theirs is ε/1000, for the ε of LARS is a
    thousand times that of gradient descent.
    """

    TRUST = 0.001
    """The coefficient η of the publication."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        trust: Any = self.TRUST
        if self._decays[self._get_variable_index(variable)]:
            weights, gradients = (ops.norm(ops.ravel(ops.cast(each, variable.dtype))) for each in (variable, gradient))
            ratio = weights / (gradients + self.decay * weights)
            # Weights of zero would never move, and without any gradient or decay the ratio is no number.
            trust = self.TRUST * ops.where((weights > 0) & (gradients > 0), ratio, 1.0)
        super().update_step(gradient, variable, ops.cast(learning_rate, variable.dtype) * trust)


@keras.saving.register_keras_serializable("alexnet_pipe")
class AdamW(_ByLayer, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); kernels alone decay, as by `PaperSGD`."""

    def __init__(self, learning_rate: float, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])


def optimizer(train: TrainParams, forms: Forms) -> keras.optimizers.Optimizer:
    """The one that `train` names, which updates in `forms`."""
    common: dict[str, Any] = {
        "learning_rate": train.learning_rate,
        "global_clipnorm": train.clip_norm,
        "multipliers": train.learning_rate_multipliers,
        "forms": forms,
    }
    if train.optimizer == "adamw":
        return AdamW(beta_1=train.momentum, weight_decay=train.weight_decay, **common)
    descent = LARS if train.optimizer == "lars" else PaperSGD
    return descent(momentum=train.momentum, decay=train.weight_decay, **common)


def compile_for_training(model: Classifier, train: TrainParams) -> keras.Model:
    """What is to be trained on batches of `TrainingStream`: `training_model`, with an optimizer and a loss.

    The layers that `train` does not name are frozen.
    """
    for layer in model.network.layers:
        if layer.weights:  # Nothing is computed backwards below the lowest layer that is not frozen.
            # Not trained, a batch normalization keeps its moving statistics, and uses them.
            layer.trainable = owner(layer.name) in train.trained
    # XLA compiles a whole step on JAX, which has no other way; on TensorFlow its convolutions would be slower.
    compiled = keras.backend.backend() == "jax"
    kind = "Categorical" if train.labels_are_probabilities else "SparseCategorical"
    trained = training_model(model, train)
    trained.compile(
        optimizer=optimizer(train, model.forms),
        loss=getattr(keras.losses, f"{kind}Crossentropy")(from_logits=True),
        # Keras makes one that is only named in the first step, and TensorFlow then traces that step once more.
        metrics=[getattr(keras.metrics, f"{kind}Accuracy")(name="accuracy")],
        jit_compile=compiled,
    )
    trained.optimizer.build(trained.trainable_variables)
    if trained is not model:
        model.compile(jit_compile=compiled)  # It validates.
    return trained


class Step(Protocol):
    """What takes the steps of a training on a backend.

    Attributes:
        LAG: Steps that may be started before the loss of one is read.
        devices: How many share each batch.
    """

    LAG: int
    devices: int

    def batches(self, first: int, end: int) -> Iterator[Any]:
        """Those of steps `first` to `end - 1`, as they are to be given to `__call__`, made ahead."""

    def __call__(self, inputs: Any, labels: Any, rate: float) -> dict[str, Any]:
        """Take a step by `rate`: `loss` and `accuracy` before it, which may still be computed, of a whole batch."""

    def settle(self) -> None:
        """Let Keras' variables have what the steps have made of them."""


def training_step(learner: keras.Model, stream: TrainingStream, processes: Processes | None = None) -> Step:
    """How steps of the compiled `learner` are taken on this backend, by all `processes`, with batches of `stream`."""
    if keras.backend.backend() != "jax":
        return KerasStep(learner, stream)
    from alexnet_pipe.training.jax_step import JaxStep

    return JaxStep(learner, stream, processes or Processes())


class KerasStep:
    """Keras' own step of a compiled model, on any backend, which ends before it gives anything."""

    LAG = 0
    devices = 1

    def __init__(self, learner: keras.Model, stream: TrainingStream) -> None:
        self._learner = learner
        self.batches = stream.batches

    def __call__(self, inputs: Any, labels: Any, rate: float) -> dict[str, Any]:
        """`loss` and `accuracy` of one batch before its update; of a mixed image, the heavier label counts."""
        self._learner.optimizer.learning_rate = rate
        # The values of this batch alone: Keras resets its metrics before each call.
        logs: dict[str, Any] = self._learner.train_on_batch(inputs, labels, return_dict=True)
        return logs

    def settle(self) -> None:
        """Its variables are always those of the last step."""


def trained_parameters(model: Classifier) -> int:
    """How many numbers training changes."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def _layer(variable: Any) -> str:
    """The layer of the paper's that `variable` is trained with, as `conv1` for `classifier/alexnet/norm1/gamma`."""
    return owner(str(variable.path).rpartition("/")[0].rpartition("/")[2])
