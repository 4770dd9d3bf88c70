"""This project: a training step, inference, the stream, training from it, and preparation."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from scipy.special import softmax

from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.preparation.decode import decode
from alexnet_pipe.preparation.decode import resize as resized
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.optimizers import compile_for_training, training_step
from benchmarks.peers.program import Options, Work

RATE = 0.001
TOLERANCE = 1e-3
"""How far a logit may be from the reference's, as a share of the largest."""


def step(options: Options) -> Work:
    """One step on a constant batch of bytes, offsets, mirrors and colour shifts.

    Options: `reference`, a path; `width`, `batch`, `classes`, and `precision`, a policy of Keras'.
    """
    size = options["batch"]
    pixels = np.random.default_rng(0).integers(0, 256, (size, SIDE, SIDE, 3), dtype=np.uint8)
    images = ImageStore(_names(options), pd.DataFrame({"label": np.arange(size)}), [pixels])
    take = _step(options, TrainingStream(images, np.eye(3), _train(options)))
    (batch,) = take.batches(0, 1)

    def repeat() -> int:
        _require_finite(take(*batch, RATE))
        return int(size)

    return Work(repeat, _threads(), _packages())


def end_to_end(options: Options) -> Work:
    """Steps on batches of the stream: the options of `step` and of `load`."""
    take, done = _step(options, _stream(options)), [0]

    def repeat() -> int:
        for batch in take.batches(done[0], done[0] + options["batches"]):
            logs = take(*batch, RATE)
        _require_finite(logs)  # Which waits for all of them.
        done[0] += options["batches"]
        return int(options["batches"] * options["batch"])

    return Work(repeat, _threads(), _packages())


def load(options: Options) -> Work:
    """Batches of the stream: `store`, a folder; `batch`; and `batches` a repetition."""
    stream, done = _stream(options), [0]

    def repeat() -> int:
        taken = sum(1 for _ in stream.batches(done[0], done[0] + options["batches"]))
        done[0] += taken
        return int(taken * options["batch"])

    return Work(repeat, "1 thread", ("numpy",))


def inference(options: Options) -> Work:
    """Probabilities of the centre view of whole images: `reference`, `width`, `classes`, `batch`, `calls`."""
    keras.config.set_dtype_policy("float32")
    model = _classifier(options)
    model.compile(jit_compile=keras.backend.backend() == "jax")
    images = np.random.default_rng(0).integers(0, 256, (options["batch"], 256, 256, 3), dtype=np.uint8)

    def repeat() -> int:
        for _ in range(options["calls"]):
            softmax(np.asarray(model.predict_on_batch(view(images, CENTRE, mirror=False))), axis=1)
        return int(options["calls"] * options["batch"])

    return Work(repeat, _threads(), _packages())


def prepare(options: Options) -> Work:
    """Photographs in memory to 256×256 RGB: `folder`, with a folder a class, and how many `images`."""
    contents = [path.read_bytes() for path in sorted(Path(options["folder"]).glob("*/*"))[: options["images"]]]
    params = ResizeParams()

    def repeat() -> int:
        for content in contents:
            resized(decode(content, params).image, params.policy)
        return len(contents)

    return Work(repeat, "1", ("simplejpeg", "pillow"))


def _step(options: Options, stream: TrainingStream) -> Any:
    keras.config.set_dtype_policy(options["precision"])
    return training_step(compile_for_training(_classifier(options), stream.train), stream)


def _train(options: Options) -> TrainParams:
    backend: Any = keras.backend.backend()
    precision = options.get("precision", "float32")
    return TrainParams(seed=0, batch_size=options["batch"], learning_rate=RATE, precision=precision, backend=backend)


def _names(options: Options) -> list[str]:
    return [str(n) for n in range(options["classes"])]


def _classifier(options: Options) -> Classifier:
    """With the reference's weights and a mean image of middle grey, in the forms that are fastest.

    Raises:
        ValueError: if its logits, in float32, are not the reference's.
    """
    arguments = {"classes": _names(options), "width": options["width"]}
    model = Classifier.undrawn(arguments, fastest_forms())
    model.mean.assign(np.full(model.mean.shape, 128, np.float32))
    reference = np.load(options["reference"])
    for name in reference.files:
        layer, _, variable = name.partition("/")
        if variable:
            getattr(model.network.get_layer(layer), variable).assign(reference[name])
    if keras.config.dtype_policy().compute_dtype == "float32":
        difference = np.abs(np.asarray(model.network(reference["pixels"])) - reference["logits"]).max()
        if not difference <= TOLERANCE * np.abs(reference["logits"]).max():
            raise ValueError(f"the networks differ: logits by {difference:.2g}")
    return model


def _stream(options: Options) -> TrainingStream:
    return TrainingStream(ImageStore.open(Path(options["store"]), "train"), np.eye(3), _train(options))


def _require_finite(logs: Any) -> None:
    if not np.isfinite(float(logs["loss"])):
        raise ValueError("the loss is not a number")


def _threads() -> str:
    return str(len(os.sched_getaffinity(0)))


def _packages() -> tuple[str, ...]:
    return ("keras", "jax" if keras.backend.backend() == "jax" else "tensorflow")
