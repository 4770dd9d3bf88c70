"""Apply a function to shards, in processes of their own; no result is computed twice, not even after a death."""

import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.cluster.connect import SCHEDULER, connected
from alexnet_pipe.cluster.pool import process_pool

if TYPE_CHECKING:
    from distributed import Client, Future


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


Result = dict[str, NDArray[Any]]
"""Named arrays without Python objects."""

IN_FLIGHT = 2
"""Shards that a worker has or waits for."""

ALONE = 2.0
"""Seconds of work that are not worth a second process, which has to import first."""

POOLED = 60.0
"""Seconds of work that are not worth a cluster, where a worker that dies costs its shard and not all of the work."""

_DIED = "{}: every worker that took it died; if memory ran out, use fewer or larger workers"


class Work(Protocol):
    """What a function needs to know of a shard; it travels to the worker.

    Attributes:
        name: Unique among the shards of a task.
        images: How many images it has, for the progress.
        holds: Whether a kept result may be used, because what the function wrote beside it is still there.
    """

    @property
    def name(self) -> str: ...

    @property
    def images(self) -> int: ...

    def holds(self, result: Result) -> bool: ...


AnyWork = TypeVar("AnyWork", bound=Work)


def map_shards(
    task: str,
    function: Callable[[AnyWork], Result],
    works: Sequence[AnyWork],
    kept: Path,
    pace: float = 0.0,
) -> Iterator[tuple[int, Result]]:
    """Number and result of each shard, in the order in which they are finished.

    They go to a cluster, which takes seconds to start, but for what is done sooner: that a pool of processes does, or
    this process alone. The results are the same. A scheduler that `ALEXNET_PIPE_DASK` names gets all of them.

    Args:
        task: Named in the progress.
        function: Of a module, so that workers can import it; it may write files, aside first.
        works: One a shard.
        kept: An existing folder that all workers see; results are kept there as `NAME.npz`, so that a later call with
            the same folder, or another worker, finds them. The caller removes it.
        pace: Images a second that one process does, roughly; 0 if nobody knows.

    Raises:
        UserError: if a shard ends one worker after another; and whatever `function` raises.
    """
    seconds = sum(work.images for work in works) / pace if pace else inf
    here = SCHEDULER not in os.environ
    if here and (len(works) == 1 or seconds < ALONE):
        for number, work in enumerate(works):
            yield number, _once(function, work, str(kept / f"{work.name}.npz"))
        return
    spread = _pooled if here and seconds < POOLED else _clustered
    with progress(task, sum(work.images for work in works), "images") as advance:
        for number, result in spread(function, works, kept):
            yield number, result
            advance(works[number].images)


def _pooled(
    function: Callable[[AnyWork], Result], works: Sequence[AnyWork], kept: Path
) -> Iterator[tuple[int, Result]]:
    with process_pool(len(works)) as pool:
        # The largest first, so that no process is left alone with one of them at the end.
        largest = sorted(enumerate(works), key=lambda item: -item[1].images)
        numbers = {
            pool.submit(_once, function, work, str(kept / f"{work.name}.npz")): number for number, work in largest
        }
        for future in futures.as_completed(numbers):
            number = numbers[future]
            try:
                yield number, future.result()
            except BrokenProcessPool:
                raise UserError(_DIED.format(works[number].name)) from None


def _clustered(
    function: Callable[[AnyWork], Result], works: Sequence[AnyWork], kept: Path
) -> Iterator[tuple[int, Result]]:
    with connected(kept) as client:
        for number, future in _finished(client, function, works, kept):
            yield number, _result(future, works[number])


def _finished(
    client: "Client", function: Callable[[AnyWork], Result], works: Sequence[AnyWork], kept: Path
) -> "Iterator[tuple[int, Future]]":
    """Number and future of each shard, as they are finished; a new shard goes to the workers for each that is taken."""
    from distributed import as_completed

    # The largest first, so that no worker is left alone with one of them at the end.
    waiting = iter(sorted(enumerate(works), key=lambda item: -item[1].images))
    numbers: dict[Future, int] = {}
    finished = as_completed()

    def submit() -> None:
        if (following := next(waiting, None)) is not None:
            number, work = following
            future = client.submit(_once, function, work, str(kept / f"{work.name}.npz"), pure=False)
            numbers[future] = number
            finished.add(future)

    for _ in range(IN_FLIGHT * len(client.scheduler_info(n_workers=-1)["workers"])):
        submit()
    for future in finished:
        yield numbers.pop(future), future
        submit()


def _result(future: "Future", work: Work) -> Result:
    from distributed import KilledWorker

    try:
        result: Result = future.result()
    except KilledWorker:
        raise UserError(_DIED.format(work.name)) from None
    return result


def _once(function: Callable[[AnyWork], Result], work: AnyWork, path: str) -> Result:
    kept = Path(path)
    if (result := _kept(kept)) is not None and work.holds(result):
        return result
    result = function(work)
    with written_aside(kept) as aside, aside.open("wb") as file:
        np.savez(file, **result)  # type: ignore[arg-type]
    return result


def _kept(path: Path) -> Result | None:
    """The result of a shard that was finished before, if there is one and it is whole: its format checks itself."""
    try:
        # NumPy leaves the file open that it cannot read.
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (FileNotFoundError, BadZipFile, zlib.error, ValueError, EOFError):
        return None
