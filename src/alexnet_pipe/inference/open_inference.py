"""The Open Inference Protocol (KServe's V2, Triton's HTTP): tensors in, tensors out, as JSON or as binary data.

One input: `photographs`, BYTES `(n,)` or `(n, 1)`, files as they are (base64 in JSON); or `images`, UINT8
`(n, 256, 256, 3)`, prepared. One output: `probabilities`, FP32 `(n, classes)`, or Triton's classification of it.
"""

import json
import math
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alexnet_pipe.inference.answering import Answering, Json
from alexnet_pipe.inference.batching import Content
from alexnet_pipe.inference.model_source import Served
from alexnet_pipe.inference.questions import BadRequestError, decoded, parsed, too_many
from alexnet_pipe.paper import SIDE
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.project.revisions import NAME

_LENGTH = "Inference-Header-Content-Length"
"""The header that says how many bytes are JSON, where binary data follow."""

_IMAGE = (SIDE, SIDE, 3)
_INPUTS = {"photographs": ("BYTES", [-1]), "images": ("UINT8", [-1, *_IMAGE])}
_OUTPUT = "probabilities"

_VALUES = 10 * math.prod(_IMAGE)
"""Of a request in JSON: numbers of ten images take 80 MB; more of them go as binary data."""


class _Tensor(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str
    datatype: str
    shape: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=8)]
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class _Output(BaseModel):
    name: str
    parameters: dict[str, Any] = {}


class _Question(BaseModel):
    id: str | None = None
    inputs: Annotated[list[_Tensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[_Output], Field(max_length=1)] = []
    parameters: dict[str, Any] = {}

    def binary(self) -> bool:
        """Whether the answer's tensor is wanted as binary data."""
        told = self.outputs[0].parameters.get("binary_data") if self.outputs else None
        return bool(self.parameters.get("binary_data_output", False) if told is None else told)

    def best(self) -> int:
        """How many classes are wanted in Triton's form; 0 for all probabilities as numbers."""
        told = self.outputs[0].parameters.get("classification", 0) if self.outputs else 0
        if not isinstance(told, int) or told < 0:
            raise BadRequestError("classification is a number of classes")
        return told


class OpenInference:
    """The routes of the protocol."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def routes(self) -> list[Route]:
        """All of them, with a model's version and without."""
        one = f"/v2/models/{NAME}"
        return [
            Route("/v2", self.server_metadata),
            Route("/v2/health/live", self.server_live),
            Route("/v2/health/ready", self.server_ready),
            *(
                route
                for path in (one, f"{one}/versions/{{version}}")
                for route in (
                    Route(path, self.model_metadata),
                    Route(f"{path}/ready", self.model_ready),
                    Route(f"{path}/infer", self.infer, methods=["POST"]),
                )
            ),
        ]

    async def server_metadata(self, _: Request) -> Response:
        """What the server is, and can do besides."""
        extensions = ["binary_tensor_data", "classification"]
        return Json({"name": "alexnet-pipe", "version": version("alexnet-pipe"), "extensions": extensions})

    async def server_live(self, _: Request) -> Response:
        """That the server is alive."""
        return Json({"live": True})

    async def server_ready(self, _: Request) -> Response:
        """Whether it has a model."""
        return Json({"ready": self._answering.ready}, 200 if self._answering.ready else 503)

    async def model_ready(self, request: Request) -> Response:
        """That the model answers."""
        self._model(request)
        return Json({"name": NAME, "ready": True})

    async def model_metadata(self, request: Request) -> Response:
        """The tensors that are taken, one of the two, and given."""
        model = self._model(request)
        inputs = [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in _INPUTS.items()]
        output = {"name": _OUTPUT, "datatype": "FP32", "shape": [-1, len(model.network.classes)]}
        told = {"name": NAME, "versions": [model.version], "platform": "onnxruntime_onnx"}
        return Json({**told, "inputs": inputs, "outputs": [output]})

    async def infer(self, request: Request) -> Response:
        """Probabilities; a photograph that is refused is an error of the whole request."""
        model = self._model(request)
        parse = partial(_asked, request.headers.get(_LENGTH), most=self._answering.most)
        async with self._answering.asked(request, lambda body: parse(body=body)) as (question, photographs):
            answers = await self._answering.answers(request, model, photographs)
        for number, answer in enumerate(answers):
            if isinstance(answer, RefusedError):
                raise HTTPException(400, f"photograph {number} is refused: {answer}")
        return _answered(model, question, np.stack(answers))  # type: ignore[arg-type]

    def _model(self, request: Request) -> Served:
        model = self._answering.model()
        if request.path_params.get("version", model.version) != model.version:
            raise HTTPException(404, f"this version does not answer: {model.version} does")
        return model


def _asked(length: str | None, body: bytes, most: int) -> tuple[_Question, Sequence[Content]]:
    if length is not None and not (length.isascii() and length.isdecimal() and int(length[:18]) <= len(body)):
        raise BadRequestError(f"{_LENGTH} is not the length of a part of the body")
    end = len(body) if length is None else int(length[:18])
    question = parsed(_Question, body[:end], _VALUES)
    question.best()
    if question.outputs and question.outputs[0].name != _OUTPUT:
        raise BadRequestError(f"there is no output {question.outputs[0].name[:60]!r}: {_OUTPUT} is the only one")
    return question, _photographs(question.inputs[0], body[end:], most)


def _photographs(tensor: _Tensor, rest: bytes, most: int) -> Sequence[Content]:
    kind, shape = tensor.datatype, tuple(tensor.shape)
    if _INPUTS.get(tensor.name, ("",))[0] != kind:
        raise BadRequestError(
            f"the input is one of {', '.join(f'{name} ({kind})' for name, (kind, _) in _INPUTS.items())}"
        )
    if not shape or not shape[0] or (shape[1:] not in ((), (1,)) if kind == "BYTES" else shape[1:] != _IMAGE):
        raise BadRequestError(f"the shape of {tensor.name} is {list(_INPUTS[tensor.name][1])}, with 1 or more for -1")
    if shape[0] > most:
        raise too_many(most)
    binary = tensor.parameters.get("binary_data_size")
    if (binary is None) == (tensor.data is None) or (binary or 0) != len(rest):
        raise BadRequestError(f"the data of {tensor.name} are in the JSON, or are all that follows it")
    found = list(_encoded(tensor, rest)) if kind == "BYTES" else _images(tensor, rest, shape)
    if len(found) != shape[0]:
        raise BadRequestError(f"{tensor.name} has {len(found)} elements, and its shape says {shape[0]}")
    return found


def _encoded(tensor: _Tensor, rest: bytes) -> Iterator[bytes]:
    if tensor.data is not None:
        flat = [each for part in tensor.data for each in (part if isinstance(part, list) else [part])]
        if not all(isinstance(each, str) for each in flat):
            raise BadRequestError("photographs in JSON are strings of base64")
        yield from (decoded(text, number) for number, text in enumerate(flat))
        return
    at = 0
    while at < len(rest):
        (size,) = struct.unpack_from("<I", rest, at) if len(rest) - at >= 4 else (len(rest),)
        if at + 4 + size > len(rest):
            raise BadRequestError("the binary data end within a photograph")
        yield rest[at + 4 : at + 4 + size]
        at += 4 + size


def _images(tensor: _Tensor, rest: bytes, shape: tuple[int, ...]) -> Sequence[NDArray[np.uint8]]:
    try:
        numbers = np.frombuffer(rest, np.uint8) if tensor.data is None else np.array(tensor.data)
        if numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() > 255:
            raise ValueError
        return list(numbers.reshape(shape).astype(np.uint8))
    except ValueError:
        raise BadRequestError(f"images are {math.prod(shape):,} whole numbers from 0 to 255") from None


def _answered(model: Served, question: _Question, shares: NDArray[np.floating]) -> Response:
    output: dict[str, Any] = {"name": _OUTPUT, "datatype": "FP32", "shape": list(shares.shape)}
    told = shares.astype("<f4")
    values: list[Any] = [float(f"{share:.9g}") for share in told.ravel()]
    content = told.tobytes()
    if best := min(question.best(), shares.shape[1]):
        values = [text for row in shares for text in _classification(model.network.classes, row, best)]
        coded = [text.encode("utf-8", "surrogateescape") for text in values]
        content = b"".join(struct.pack("<I", len(text)) + text for text in coded)
        output |= {"datatype": "BYTES", "shape": [len(shares), best]}
    answer = {"model_name": NAME, "model_version": model.version, **({"id": question.id} if question.id else {})}
    if not question.binary():
        return Json({**answer, "outputs": [{**output, "data": values}]})
    output["parameters"] = {"binary_data_size": len(content)}
    head = json.dumps({**answer, "outputs": [output]}).encode()
    return Response(head + content, headers={_LENGTH: str(len(head))}, media_type="application/octet-stream")


def _classification(classes: Sequence[str], row: NDArray[np.floating], best: int) -> Iterator[str]:
    """As Triton has it: `probability:label:name`, best first."""
    for label in np.argsort(-row, kind="stable")[:best]:
        yield f"{row[label]:f}:{label}:{classes[label]}"
