"""What the service answers: predictions, how it is, which model it has, and to whom."""

import hmac
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from alexnet_pipe.base.own_pages import OwnPagesOnly
from alexnet_pipe.evaluation.ten_views import TOP
from alexnet_pipe.inference.answering import Answering, Json
from alexnet_pipe.inference.batching import Answer
from alexnet_pipe.inference.measures import Measured
from alexnet_pipe.inference.model_source import Served
from alexnet_pipe.inference.open_inference import OpenInference
from alexnet_pipe.inference.questions import Photograph, photographs_in
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.project.revisions import NAME
from alexnet_pipe.serving.predictions import Prediction, by_name, json_row

_OPEN = frozenset({"/health", "/ready", "/v2/health/live", "/v2/health/ready"})
"""What is told without the token: that the service is there."""


def application(
    answering: Answering, token: str | None = None, origins: Collection[str] = (), addresses: bool = False
) -> Starlette:
    """The service as an ASGI application.

    Args:
        answering: Where the answers come from; they do while the application's lifespan lasts.
        token: What requests must send as `Authorization: Bearer`; nothing if None.
        origins: By which requests may name the service, besides as this machine: https://photographs.example.org.
        addresses: Whether they may name it by any IP address.
    """
    pages = Pages(answering)
    guards = [
        Middleware(Measured, answering.measures),
        Middleware(OwnPagesOnly, origins, addresses),
        *([Middleware(BearerOnly, token)] if token else []),
    ]
    return Starlette(
        routes=[*pages.routes(), *OpenInference(answering).routes()],
        middleware=guards,
        exception_handlers={HTTPException: _told, Exception: _failed},  # type: ignore[dict-item]
        lifespan=lambda _: answering.batches.working(),
    )


_QUERY = ("top", "min_confidence")
"""Parameters of a question."""


class BearerOnly:
    """ASGI middleware that refuses, with 401, what does not send the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        welcome = scope["type"] != "http" or scope["path"] in _OPEN or self._is_sent(Headers(scope=scope))
        await (self._app if welcome else _UNAUTHORISED)(scope, receive, send)

    def _is_sent(self, headers: Headers) -> bool:
        scheme, _, sent = ", ".join(headers.getlist("authorization")).partition(" ")
        # In a time that does not tell how much of it is right.
        return scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode("latin-1"), self._expected)


_UNAUTHORISED = Json(
    {"error": "send the service's token as `Authorization: Bearer`"}, 401, {"WWW-Authenticate": "Bearer"}
)


class Pages:
    """The routes of the project's own making."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/predict", self.predict, methods=["POST"]),
            Route("/health", self.health),
            Route("/ready", self.ready),
            Route("/model", self.model),
            Route("/metrics", self.metrics),
        ]

    async def predict(self, request: Request) -> Response:
        """The most probable classes of each photograph, or why it was refused."""
        _refuse_unknown(request)
        model, told = self._answering.model(), (_top(request), _min_confidence(request))
        kind = request.headers.get("content-type", "")
        parse = partial(photographs_in, kind, most=self._answering.most)
        async with self._answering.asked(request, lambda body: parse(body=body)) as photographs:
            answers = await self._answering.answers(request, model, [photograph.content for photograph in photographs])
        rows = [_row(model, photograph, answer, *told) for photograph, answer in zip(photographs, answers, strict=True)]
        return Json({"model": {"name": NAME, "version": model.version}, "photographs": rows})

    async def health(self, _: Request) -> Response:
        """That the service is alive."""
        return Json({"alive": True})

    async def ready(self, _: Request) -> Response:
        """Whether it has a model."""
        return Json({"ready": self._answering.ready}, 200 if self._answering.ready else 503)

    async def model(self, _: Request) -> Response:
        """What answers."""
        return Json(_described(self._answering.model()))

    async def metrics(self, _: Request) -> Response:
        """Prometheus' text format."""
        return self._answering.measures.page()


def _refuse_unknown(request: Request) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in _QUERY:
            raise HTTPException(400, f"{name!a} is no parameter: there are {' and '.join(_QUERY)}")
        if names.count(name) > 1:
            raise HTTPException(400, f"{name} is given twice")


def _top(request: Request) -> int:
    told = request.query_params.get("top", str(TOP))
    if not told.isascii() or not told.isdecimal() or not 0 < int(told[:9]) < 10**6:
        raise HTTPException(400, "top is the number of classes that are told of each photograph: 1 or more")
    return int(told[:9])


def _min_confidence(request: Request) -> float:
    told = request.query_params.get("min_confidence", "0")
    # Nothing but digits and a point: `float` takes nan, infinity and other alphabets.
    if not re.fullmatch(r"(0|1|0?\.[0-9]{1,20}|1\.0{1,20})", told):
        raise HTTPException(400, "min_confidence is a probability: 0 to 1, as 0.9")
    return float(told)


def _row(model: Served, photograph: Photograph, answer: Answer, top: int, min_confidence: float) -> Mapping[str, Any]:
    if isinstance(answer, RefusedError):
        return json_row(Prediction(Path(photograph.name), {}, answer))
    shares = by_name(model.network.classes, answer)
    return json_row(Prediction(Path(photograph.name), shares, top=top, min_confidence=min_confidence))


def _described(model: Served) -> Mapping[str, Any]:
    network = model.network
    return {
        "name": NAME,
        "version": model.version,
        "source": model.name,
        "commit": model.commit,
        "variant": network.variant,
        "weights_digest": network.weights_digest,
        "classes": network.classes,
        "input": {"height": SIDE, "width": SIDE, "channels": 3, "crop": CROP, **network.resize},
        "metrics": model.metrics,
    }


async def _told(_: Request, error: HTTPException) -> Response:
    return Json({"error": error.detail}, error.status_code, error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    # The log has more to say; what others may read is that it was no fault of theirs.
    return Json({"error": f"the service failed: {type(error).__name__}"}, 500)
