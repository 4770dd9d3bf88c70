"""Look whether photographs that come in are still like those of the training, and tell who must know, once."""

import os
from pathlib import Path

from alexnet_pipe.orchestration.start import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow
from prefect.states import Completed, Failed, State

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.service.watching import WATCH, look_at


@flow(name="watch")
def watch(place: str | None = None, model: str = str(Artifacts().model)) -> State[str]:
    """Compare what has come in with the training; it only reads, so it takes no lock and may run beside a training.

    Args:
        place: A folder of photographs, or a log of `serve-model --drift-log`; ALEXNET_PIPE_WATCH says it otherwise.
        model: A file, a revision or a stage of the registry, which photographs of a folder are compared with.
    """
    try:
        if not (named := place or os.environ.get(WATCH)):
            raise UserError(f"there is nothing to watch: name a folder or a log, or set {WATCH}")
        unlike, told = look_at(ROOT, Path(named), model)
    except UserError as error:
        return Failed(message=str(error))
    return Completed(name="Drift" if unlike else "Completed", message=told, data=told)
