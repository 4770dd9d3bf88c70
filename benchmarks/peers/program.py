"""A peer: a process that makes one work ready, then does it once each time that it is asked.

    python -m benchmarks.peers.program MODULE:FUNCTION '{"option": "value"}'

`FUNCTION` takes the options, a mapping, and returns a `Work`. Every line of standard input asks for one repetition.
Every line of standard output is a JSON object: first `threads` and `versions`, then `seconds` and `images` for each
repetition; or, at the end, `failed`, a reason of one line. What libraries print goes to standard error.

It needs the standard library alone, and what the work imports.
"""

import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """What is timed.

    Attributes:
        repeat: One repetition; returns how many images it handled.
        threads: On how many threads or processes, in words.
        packages: The distributions whose versions are told, as in the package index.
    """

    repeat: Callable[[], int]
    threads: str
    packages: tuple[str, ...]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        for answer in _answers(sys.argv[1], json.loads(sys.argv[2])):
            print(json.dumps(answer), file=answers)
    except Exception as error:
        print(json.dumps({"failed": _in_a_line(error)}), file=answers)
        raise


def _answers(name: str, options: Options) -> Any:
    module, _, function = name.partition(":")
    work: Work = getattr(importlib.import_module(module), function)(options)
    work.repeat()  # The first one compiles, fills caches and starts threads.
    versions = {"Python": platform.python_version()} | {package: _version(package) for package in work.packages}
    yield {"threads": work.threads, "versions": versions}
    while sys.stdin.readline():
        started = time.perf_counter()
        images = work.repeat()
        yield {"seconds": time.perf_counter() - started, "images": images}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # As TensorFlow's, of which there is one for processors alone.
        return version(f"{package}-cpu")


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


if __name__ == "__main__":
    main()
