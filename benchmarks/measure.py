"""Time several things by turns, so that what else the machine does falls on all of them."""

import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Times:
    """Seconds of each repeat."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{1000 * self.median:,.1f} ms ({1000 * low:,.1f} to {1000 * high:,.1f})"


def by_turns(
    works: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """The times of each work; a round runs every one once."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(warm_up + repeats):
        for name, work in works.items():
            started = clock()
            work()
            if turn >= warm_up:
                seconds[name].append(clock() - started)
    return {name: Times(tuple(values)) for name, values in seconds.items()}


def machine() -> str:
    """Processor, devices and versions, in one line."""
    import keras  # Here, because those who only take times need not wait for it.

    backend = keras.backend.backend()
    names = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax",)}.get(backend, (backend,))
    versions = ", ".join(f"{name} {number}" for name in ("keras", *names) if (number := _version(name)))
    return f"{processor()}, {', '.join(map(str, keras.distribution.list_devices()))}; {versions}, " + (
        f"Python {platform.python_version()}"
    )


def processor() -> str:
    """How many of which, as the system calls it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except ImportError:
        return None
