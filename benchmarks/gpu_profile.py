"""Where a training step's time goes on JAX, by layer: what its profiler saw, and the names that the compiler kept."""

import gzip
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_INSTRUCTION = re.compile(r'%?([\w.-]+) = .*?metadata=\{[^}]*?op_name="([^"]*)"')
_LAYER = re.compile(r"(?:^|[/(])((?:conv|norm|pool|fc|drop)\d|preprocessing|paper_sgd)(?=[/)]|$)")
_NAMES = {"preprocessing": "pixels", "paper_sgd": "update"}
_AROUND = re.compile(r"(while|call|conditional)[.\d]*")
"""Operations that take the time of those inside them."""
REST = "the rest"
"""The loss, and what the compiler has put together without a name."""


def layer_times(call: Callable[[], Any], compiled: str, steps: int) -> dict[str, float]:
    """Milliseconds of a step by layer, forward and backward, the longest first, of `steps` calls of a compiled step.

    Threads and streams that work at the same time count each, so on a processor with several cores they are more than
    the clock's. `compiled` is its text, as XLA writes it: operations are called there by what they came from.
    """
    jax: Any = import_module("jax")
    layers = {name: layer_of(source) for name, source in _INSTRUCTION.findall(compiled)}
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(steps):
                last = call()
            jax.block_until_ready(last)
        (written,) = Path(folder).rglob("*.trace.json.gz")
        with gzip.open(written) as file:
            events = json.load(file)["traceEvents"]
    spent: Counter[str] = Counter()
    for event in events:
        operation = event.get("args", {}).get("hlo_op")
        if operation and event["ph"] == "X" and not _AROUND.fullmatch(operation):
            spent[layers.get(operation, REST)] += event["dur"]
    return {layer: round(time / 1000 / steps, 3) for layer, time in spent.most_common()}


def layer_of(source: str) -> str:
    """The layer in the name of an operation, as `conv2` in `jit(_step)/transpose(jvp(alexnet))/conv2/…`."""
    found = _LAYER.findall(source)
    return _NAMES.get(found[-1], found[-1]) if found else REST
