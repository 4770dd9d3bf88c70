"""The weights that training starts with, where they are not drawn."""

from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.params.train import TrainParams


def initial_weights(artifacts: Artifacts, train: TrainParams) -> Path | None:
    """The file to start with, if there is one.

    Raises:
        UserError: if it is missing, or not the one that the parameters mean, or the one that training replaces.
    """
    if train.init_weights is None:
        return None
    project = artifacts.root / home()
    path = project / train.init_weights
    if path.resolve() == (project / artifacts.model.relative_to(artifacts.root)).resolve():
        raise UserError(
            f"train.init_weights: {train.init_weights} is removed before training, which makes it: copy it to another "
            "name, and name that"
        )
    if not path.exists():
        raise UserError(f"train.init_weights: {path} is missing: `alexnet-pipe import-weights` makes such a file")
    if train.init_sha256 not in (None, digest := file_digest(path)):
        raise UserError(f"{path} is not the file that train.init_sha256 names; its own digest is {digest}")
    return path
