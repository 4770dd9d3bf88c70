"""What the service counts of itself, for Prometheus."""

import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PHOTOGRAPHS = (1, 2, 4, 8, 16)


class Measures:
    """All are in a registry of their own, beside the process's memory, time and files.

    Attributes:
        photographs: By `outcome`, predicted or refused.
        waiting: Photographs that are not answered yet.
        reading: Requests whose body is not all there yet.
        batch: Photographs that are computed together.
        computing: Seconds that a batch takes.
        loads: By `outcome`, loaded or refused.
        drift: Of the last window, by `quantity`, how far it is from the training's photographs.
        unlike: 1 if the last window was unlike them, else 0.
        windows: By `outcome`, like or unlike.
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter("alexnet_requests", "Requests, answered.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "alexnet_request_seconds", "From head to answer.", ["route"], buckets=_SECONDS, registry=registry
        )
        self._model = Gauge("alexnet_model", "1 for the model that answers.", ["model", "digest"], registry=registry)
        self.photographs = Counter("alexnet_photographs", "Photographs, answered.", ["outcome"], registry=registry)
        self.waiting = Gauge("alexnet_photographs_waiting", "Photographs, not answered yet.", registry=registry)
        self.reading = Gauge("alexnet_requests_reading", "Requests whose body is not all there.", registry=registry)
        self.batch = Histogram(
            "alexnet_batch_photographs", "Photographs computed together.", buckets=_PHOTOGRAPHS, registry=registry
        )
        self.computing = Histogram("alexnet_batch_seconds", "Of a batch.", buckets=_SECONDS, registry=registry)
        self.loads = Counter("alexnet_model_loads", "Models, opened or not.", ["outcome"], registry=registry)
        self.drift = Gauge("alexnet_drift_distance", "From the training, 0 to 1.", ["quantity"], registry=registry)
        self.unlike = Gauge("alexnet_drift_unlike", "1 if the last window was unlike it.", registry=registry)
        self.windows = Counter("alexnet_drift_windows", "Compared with it.", ["outcome"], registry=registry)

    def answers_now(self, model: str, digest: str) -> None:
        """Another model has taken over."""
        self._model.clear()
        self._model.labels(model, digest).set(1)

    def counted(self, route: str, status: int, seconds: float) -> None:
        """A request has got its answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def page(self) -> Response:
        """Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """ASGI middleware that counts requests by the route that they took, not by what they asked for: these are few."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            self._measures.counted(_route(scope), status, time.perf_counter() - started)


def _route(scope: MutableMapping[str, Any]) -> str:
    return getattr(scope.get("endpoint"), "__name__", "none")
