"""Stochastic gradient descent as the paper writes it (section 5)."""

from collections.abc import Mapping
from math import prod
from typing import Any

import keras
from keras import ops

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.params.train import TrainParams


@keras.saving.register_keras_serializable("alexnet_pipe")
class PaperSGD(keras.optimizers.SGD):
    """v ← momentum·v − weight_decay·ε·w − ε·g, then w ← w + v.

    The decay goes through the momentum, unlike Keras' own `weight_decay`. Biases do not decay: the paper decays
    "weights", and Caffe's AlexNet sets `decay_mult: 0` for them. ε may be multiplied layer by layer, as by Caffe's
    `lr_mult`, and the decay with it.
    """

    def __init__(
        self,
        learning_rate: float,
        momentum: float,
        decay: float,
        multipliers: Mapping[Any, float] | None = None,
        forms: Forms = PORTABLE,
        **kwargs: Any,
    ) -> None:
        """`decay` multiplies ε·w in the update; `multipliers` multiply the `learning_rate` ε, by layer name.

        All variables are updated in `forms`, which are no part of the configuration.
        """
        super().__init__(learning_rate=learning_rate, momentum=momentum, **kwargs)
        self.decay = decay
        self.multipliers = dict(multipliers or {})
        self._fused = forms.fused

    def build(self, variables: Any) -> None:
        super().build(variables)
        # Noted here because `update_step` may be given the backend's own variables, which have other names.
        self._decays = [variable.name != "bias" for variable in variables]
        self._factors = [self.multipliers.get(_layer(variable), 1.0) for variable in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        if not self.built:
            self.build(trainable_variables)
        update = super().apply
        return self._fused(lambda gradients: update(gradients, trainable_variables))(list(grads))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        if self._decays[index]:
            gradient = ops.add(ops.cast(gradient, variable.dtype), self.decay * variable)
        if self._factors[index] != 1:
            learning_rate = ops.cast(learning_rate, variable.dtype) * self._factors[index]
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decay": self.decay, "multipliers": self.multipliers}


def compile_for_training(model: Classifier, train: TrainParams) -> None:
    """Freeze the layers that `train` does not name, and give `model` the paper's optimizer for the others, and loss."""
    for layer in model.network.layers:
        if layer.weights:  # Nothing is computed backwards below the lowest layer that is not frozen.
            layer.trainable = layer.name in train.trained
    model.compile(
        optimizer=PaperSGD(
            train.learning_rate, train.momentum, train.weight_decay, train.learning_rate_multipliers, model.forms
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)


def trained_parameters(model: Classifier) -> int:
    """How many numbers training changes."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def _layer(variable: Any) -> str:
    """The name of the layer whose weights `variable` holds, as in `classifier/alexnet/conv1/kernel`."""
    return str(variable.path).rpartition("/")[0].rpartition("/")[2]
