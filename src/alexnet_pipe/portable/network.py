"""A classifier that ONNX Runtime computes, from a model's file or an exported one: no other framework is started."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.paper import SIDE
from alexnet_pipe.portable.description import Notes
from alexnet_pipe.portable.exported import read_exported
from alexnet_pipe.portable.onnx_graph import CENTRE, FEATURES, IMAGES, LOGITS, VIEW, onnx_graph
from alexnet_pipe.portable.stored_model import Stored, notes_of, read_model, read_stored

_TOGETHER = 64
"""Images that are computed together: what the layers hand on stays in the processor's cache."""

_Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
_View = tuple[tuple[int, int], bool]


class Network:
    """
    Attributes:
        classes: The class names, in label order.
        resize: `policy` and `background`: how a photograph becomes 256×256 pixels.
        temperatures: Of the centre view's answers and of those of ten views (`inputs.views.tempered`).
        variant: A name in `params.model.VARIANTS`.
        weights_digest: SHA-256 of the weights, in hexadecimal.
        summary: What the photographs of its training were like; None if its file does not say.
    """

    def __init__(self, model: onnx.ModelProto, notes: Notes, outside: Mapping[str, NDArray[np.float32]]) -> None:
        """`model` and `outside` are as `onnx_graph` makes them."""
        self.classes = tuple(notes.classes)
        self.resize = notes.resize.model_dump()
        self.temperatures = (notes.temperature, notes.temperature_ten_view)
        self.variant = notes.variant
        self.weights_digest = notes.weights_digest
        self.summary = notes.summary
        self._session = _session(_with_view(model), outside)

    def outputs(self, images: NDArray[np.uint8], views: Sequence[_View] = (CENTRE,)) -> _Outputs:
        """Logits, float32 `(views, n, classes)`, and fc7 after its ReLU, float32 `(views, n, units)`.

        Args:
            images: uint8 `(n, 256, 256, 3)`, RGB.
            views: Of each the offset of the crop, row and column, and whether it is mirrored.

        Raises:
            UserError: if a logit is not finite.
        """
        logits, features = zip(*(self._view(images, view) for view in views), strict=True)
        return np.stack(logits), np.stack(features)

    def _view(self, images: NDArray[np.uint8], view: _View) -> _Outputs:
        (row, column), mirror = view
        place = np.array([row, column, mirror], np.int64)
        batches = [
            self._session.run([LOGITS, FEATURES], {IMAGES: images[start : start + _TOGETHER], VIEW: place})
            for start in range(0, len(images), _TOGETHER)
        ]
        logits, features = map(np.concatenate, zip(*batches, strict=True))
        if not np.isfinite(logits).all():
            raise UserError(
                "what the model answers is no finite number: its weights are too large to be a trained one's"
            )
        return logits, features


def open_network(path: Path) -> Network:
    """The classifier in `path`: a `.keras` file, or an ONNX file that `export` wrote, told by its content.

    The file is data: the graph is made here, and that in an ONNX file must be the same.

    Raises:
        UserError: if the file is missing, damaged, or holds another kind of model.
    """
    if read_model(path, _is_onnx):
        return Network(*read_model(path, read_exported))
    return network_of(read_stored(path))


def network_of(stored: Stored) -> Network:
    """A classifier that is at hand as data."""
    outside: dict[str, NDArray[np.float32]] = {}
    return Network(onnx_graph(stored, outside), notes_of(stored), outside)


def require_answers(stored: Stored, file: Path) -> None:
    """
    Raises:
        UserError: if the classifier, whose weights are those of `file`, answers noise with what is no finite number, or
            finds all classes equally probable in it.
    """
    noise = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    try:
        logits, _ = network_of(stored).outputs(noise)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    if logits.size > 1 and np.ptp(logits) == 0:
        raise UserError(f"{file}: all classes are equally probable, whatever is seen: its weights are no trained ones")


def _is_onnx(file: BinaryIO) -> bool:
    # The first field of the message, its version; the other kinds of files that are known begin otherwise.
    return file.read(1) == b"\x08"


def _with_view(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, in which the view is no constant but an input."""
    (constant,) = [constant for constant in model.graph.initializer if constant.name == VIEW]
    model.graph.initializer.remove(constant)
    model.graph.input.append(helper.make_tensor_value_info(VIEW, TensorProto.INT64, [3]))
    return model


def _session(model: onnx.ModelProto, outside: Mapping[str, NDArray[np.float32]]) -> Any:
    options = onnxruntime.SessionOptions()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in outside.values()]
    options.add_external_initializers(list(outside), values)
    options.log_severity_level = 3  # Errors alone: they are raised as well.
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
