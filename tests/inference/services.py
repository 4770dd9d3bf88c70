"""The service in a process of its own, at a free port, and what may be asked of it."""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.patience import HANGS


@dataclass
class Service:
    """One that has its model."""

    process: subprocess.Popen[str]
    address: str
    client: httpx.Client

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def predict(self, *contents: bytes, **options: Any) -> httpx.Response:
        files = [("photograph", (f"{number}.png", content)) for number, content in enumerate(contents)]
        return self.client.post("/predict", files=files, **options)

    def measure(self, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def says(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def process(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`alexnet-pipe serve-model` at a free port, its output and errors in one stream; killed if it still runs."""
    command = [
        sys.executable,
        "-m",
        "alexnet_pipe",
        "serve-model",
        "--port",
        "0",
        "--seconds",
        f"{HANGS:.0f}",
        *arguments,
    ]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def service(folder: Path, *arguments: str, **environment: str) -> Iterator[Service]:
    with process(folder, *arguments, **environment) as started:
        assert started.stdout is not None
        lines = [started.stdout.readline()]
        while lines[-1] and "(Ctrl-C ends it)" not in lines[-1]:
            lines.append(started.stdout.readline())
        found = re.search(r"at (http://\S+)", lines[-1])
        assert found, lines
        with httpx.Client(base_url=found[1], timeout=HANGS, trust_env=False) as client:
            yield Service(started, found[1], client)


def wait_until(condition: Callable[[], object]) -> None:
    """As long as it takes; a program that never comes to it counts as hung."""
    end = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def photograph(seed: int, size: tuple[int, int] = (40, 30)) -> bytes:
    """A PNG of noise, unlike that of any other seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def shares(row: dict[str, Any]) -> dict[str, float]:
    """Probabilities by class."""
    return dict(zip(row["classes"], row["probabilities"], strict=True))


def rows(response: httpx.Response) -> Sequence[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return response.json()["photographs"]
