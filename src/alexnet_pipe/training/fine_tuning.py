"""Training that starts with the weights of another model, and changes some layers only."""

from collections.abc import Collection
from math import prod

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.model.classifier import Classifier

_MUST_BE_EQUAL = ("variant", "width")


def start_with(model: Classifier, other: Classifier, where: str) -> None:
    """Give `model` the weights and the mean image of `other`; fc8 stays as it is if the classes differ.

    Args:
        model: What is to be trained.
        other: The model to start with.
        where: The file that holds it, for complaints.

    Raises:
        UserError: if `other` is another network.
    """
    for name in _MUST_BE_EQUAL:
        wanted, found = model.network.arguments[name], other.network.arguments[name]
        if wanted != found:
            raise UserError(f"{where} has {name} {found}, and model.{name} is {wanted}: set model.{name} to {found}")
    # The weights know pixels less this mean; that of other photographs would shift all that conv1 sees.
    model.mean.assign(other.mean)
    kept = [layer for layer in other.network.layers if layer.weights and not _is_new(layer.name, model, other)]
    for layer in kept:
        model.network.get_layer(layer.name).set_weights(layer.get_weights())
    new = "" if model.classes == other.classes else "; fc8 is new, for other classes"
    say(f"train: {', '.join(layer.name for layer in kept)} and the mean image are those of {where}{new}")


def train_only(model: Classifier, layers: Collection[str]) -> None:
    """Freeze all layers but `layers`: nothing is computed backwards below the lowest of them."""
    for layer in model.network.layers:
        if layer.weights:
            layer.trainable = layer.name in layers


def trained_parameters(model: Classifier) -> int:
    """How many numbers training changes."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def _is_new(layer: str, model: Classifier, other: Classifier) -> bool:
    return layer == "fc8" and model.classes != other.classes
