"""Where the results of finished shards are kept until all are finished."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.progress import say


@contextmanager
def kept_results(
    folder: Path, task: str, parameters: Mapping[str, Any], data: Iterable[Path], packages: Iterable[str]
) -> Iterator[Path]:
    """A folder below `folder` for all that `task` has finished; it goes if the block succeeds, and stays if not.

    The next call finds it again if parameters, data and code are the same (`fingerprint.fingerprint`); what an earlier
    run with others left is removed.
    """
    name = f"{task}-{fingerprint(parameters, data, packages)}"
    results = folder / name
    for other in folder.glob(f"{task}-*"):
        if other.name != name:
            shutil.rmtree(other)
    if results.exists():
        say(f"{task}: going on with what an interrupted run has finished")
    results.mkdir(parents=True, exist_ok=True)
    yield results
    shutil.rmtree(results)
