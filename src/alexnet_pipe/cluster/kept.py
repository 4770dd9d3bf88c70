"""Where the results of finished shards are kept until all are finished."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say


@contextmanager
def kept_results(
    artifacts: Artifacts, stage: str, parameters: Mapping[str, Any], data: Iterable[Path] = ()
) -> Iterator[Path]:
    """A folder for all shards that `stage` has finished; it goes if the block succeeds, and stays if not.

    The next call finds it again if parameters, data and code are the same (`fingerprint.fingerprint`); what an earlier
    run with others left is removed.
    """
    results = artifacts.checkpoints / f"{stage}-{fingerprint(artifacts.root, stage, parameters, data)}"
    for other in artifacts.checkpoints.glob(f"{stage}-*"):
        if other != results:
            shutil.rmtree(other)
    if results.exists():
        say(f"{stage}: going on with what an interrupted run has finished")
    results.mkdir(parents=True, exist_ok=True)
    yield results
    shutil.rmtree(results)
