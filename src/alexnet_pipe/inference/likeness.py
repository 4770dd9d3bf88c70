"""Whether what the service is asked is like what its model was trained on: a window of photographs after another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import json_text
from alexnet_pipe.evaluation.ten_views import Network
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.inputs.views import CENTRE_VIEW, tempered
from alexnet_pipe.portable.training_summary import Summary
from alexnet_pipe.serving.drift import in_words, record
from alexnet_pipe.statistics.arrivals import WINDOW, Arrivals, arrived, compared, joined


class Described(Network, Protocol):
    """A network of a model's file."""

    @property
    def weights_digest(self) -> str: ...

    @property
    def summary(self) -> Summary | None: ...


def require_log(path: Path) -> None:
    """
    Raises:
        UserError: if no line can be added there.
    """
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UserError(f"--drift-log {path} cannot be written: {error.strerror}: name another file") from None


class Watch:
    """Numbers of each photograph, until they are a window; no pixel is kept. One thread may use it."""

    def __init__(self, measures: Measures, log: Path | None = None) -> None:
        """After each window a line of JSON is added to `log`, if there is one."""
        self._measures = measures
        self._log = log
        self._digest = ""
        self._window: list[Arrivals] = []
        self._unlike = False
        self._silent = False

    def note(
        self,
        network: Described,
        images: NDArray[np.uint8],
        short_sides: Sequence[float],
        views: NDArray[np.float32],
        features: NDArray[np.float32],
    ) -> None:
        """Photographs that were answered.

        Args:
            network: Which answered them; another begins another window.
            images: uint8 `(n, 256, 256, 3)`.
            short_sides: Of their files, in pixels; NaN if somebody else has prepared them.
            views: The softmax of each view, `(10, n, classes)`.
            features: fc7 of the centre view, `(n, units)`.
        """
        if network.weights_digest != self._digest:
            self._digest, self._window, self._unlike = network.weights_digest, [], False
        if network.summary is None:
            return
        shares = tempered(views[CENTRE_VIEW], network.temperatures[0])
        self._window.append(arrived(network.summary, images, short_sides, features, shares))
        if sum(len(part.guesses) for part in self._window) >= WINDOW:
            self._compare(network.summary)

    def _compare(self, summary: Summary) -> None:
        comparison = compared(summary, joined(self._window))
        self._window = []
        unlike = bool(comparison.unlike)
        for finding in comparison.findings:
            self._measures.drift.labels(finding.name).set(finding.distance)
        self._measures.unlike.set(unlike)
        self._measures.windows.labels("unlike" if unlike else "like").inc()
        if unlike != self._unlike:
            say(f"serve-model: the last {in_words(comparison)}")
        self._unlike = unlike
        self._write(json_text(record(comparison, self._digest)))

    def _write(self, line: str) -> None:
        if self._log is None:
            return
        try:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            self._silent = False
        except OSError as error:
            if not self._silent:
                say(f"serve-model: {self._log} cannot be written: {error.strerror}")
            self._silent = True
