"""`alexnet-pipe promote` and `rollback`: what a person decides about the champion."""

from pathlib import Path
from typing import Annotated

import typer

_REVISION = "A commit, branch, tag, experiment, or alexnet@VERSION; the last challenger if nothing is said."


def promote(revision: Annotated[str | None, typer.Argument(metavar="[REV]", help=_REVISION)] = None) -> None:
    """Give a model the champion's stage by hand, whatever a retraining has decided about it.

    Without REV it is what the last `retrain`, or `run --set`, has made: it is committed, registered and brought here as
    by a retraining. The model of a REV is registered where it is, and the branch stays as it is.
    """
    from alexnet_pipe.promotion.by_hand import promote_challenger, promote_revision

    print(promote_revision(Path(), revision) if revision else promote_challenger(Path()))


def rollback() -> None:
    """Take the last promotion back: the champion before has its stage again, model and card.

    What the promotion has committed is reverted by a new commit, and the workspace follows. The model that was taken
    back is not promoted again by itself.
    """
    from alexnet_pipe.promotion.by_hand import take_back

    print(take_back(Path()))
