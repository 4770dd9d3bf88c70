"""What stands before the first step: images, device, precision, and the classifier with its first weights."""

import os
from typing import Any

import keras

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.datasets.labels import labels_of
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.model.model_file import load_model
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams, initial_weights, require_same_network
from alexnet_pipe.store.arrays import load_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import RESIZE_FILE


def training_data(artifacts: Artifacts, train: TrainParams) -> tuple[TrainingStream, ImageStore]:
    """The batches of the training images, and the validation images.

    Raises:
        UserError: if they are damaged, or too few.
    """
    images, held_out = (ImageStore.open_intact(artifacts.images, split) for split in ("train", "validation"))
    return TrainingStream.open(images, artifacts.pca, train), held_out


def first_classifier(artifacts: Artifacts, images: ImageStore, model: ModelParams, train: TrainParams) -> Classifier:
    """The classifier that is to be trained on `images`, on the device and in the precision that `train` asks for.

    Call it before anything is computed.

    Raises:
        UserError: if there is no such device, and as `initial_weights` and `start_with`.
    """
    if train.require_gpu:
        require_gpu()
    if train.deterministic:
        _compute_deterministically(train)
    keras.config.set_dtype_policy(train.precision)
    initial = initial_weights(artifacts, train)
    resize = load_json(artifacts.images / RESIZE_FILE)
    drawn: dict[str, Any] = {"seed": train.seed, "dropout": train.dropout}
    classifier = Classifier(images.classes, resize, forms=fastest_forms(), **drawn, **model.model_dump())
    classifier.mean.assign(load_array(artifacts.mean, (SIDE, SIDE, 3)))
    if initial:
        start_with(classifier, load_model(initial), str(initial))
    return classifier


def devices() -> list[str]:
    """What the backend computes on, as `cpu:0` or `gpu:0`."""
    return [str(device).lower() for device in keras.distribution.list_devices()]


def require_gpu() -> None:
    """
    Raises:
        UserError: if the backend sees no GPU.
    """
    if not any(device.startswith(("gpu", "cuda", "tpu")) for device in devices()):
        backend = keras.backend.backend()
        jax = "JAX=1 " if backend == "jax" else ""
        raise UserError(
            f"train.require_gpu is set, and {backend} sees {', '.join(devices())} only: run "
            f"`make setup {jax}GPU=1`, and `alexnet-pipe doctor` to see what is wrong"
        )


def start_with(model: Classifier, other: Classifier, where: str) -> None:
    """Give `model` the weights and the mean image of `other`; fc8 stays as it is if the classes differ.

    Where the scales of their inputs differ, conv1's kernel is made to give the same.

    Classes are the same that have the same names, or the same WordNet numbers, in the same order.

    Raises:
        UserError: if `other` is another network; `where` names its file.
    """
    require_same_network(where, model.network.arguments, other.network.arguments)
    # The weights know pixels less this mean; that of other photographs would shift all that conv1 sees.
    model.mean.assign(other.mean)
    labels = labels_of(model.classes, other.classes)
    same_classes = [labels.get(name) for name in model.classes] == list(range(len(other.classes)))
    kept = [layer for layer in other.network.layers if layer.weights and (same_classes or layer.name != "fc8")]
    for layer in kept:
        model.network.get_layer(layer.name).set_weights(layer.get_weights())
    conv1 = model.network.get_layer("conv1")
    conv1.kernel.assign(conv1.kernel * (other.network.get_layer("conv1").input_scale / conv1.input_scale))
    new = "" if same_classes else "; fc8 is new, for other classes"
    say(f"train: {', '.join(layer.name for layer in kept)} and the mean image are those of {where}{new}")


def _compute_deterministically(train: TrainParams) -> None:
    """Have the backend use operations that repeat to the bit."""
    keras.utils.set_random_seed(train.seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    if keras.backend.backend() == "jax":
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true"
