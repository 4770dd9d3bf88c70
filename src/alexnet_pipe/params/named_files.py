"""The files that settings name: what is wrong with them is told before anything is removed or started."""

import os
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.first_weights import initial_weights
from alexnet_pipe.params.load import Params, load_params


def checked_params(path: Path) -> Params:
    """The configuration in `path`, whose files are there.

    Raises:
        UserError: as `load_params` and `require_named_files`.
    """
    params = load_params(path)
    require_named_files(path.parent, params)
    return params


def require_named_files(root: Path, params: Params) -> None:
    """Look for what the settings of the project `root` name.

    Raises:
        UserError: if the data set or the first weights are not there, or if a run would remove them.
    """
    _require_location(root, params.dataset)
    initial_weights(Artifacts(root), params.train)


def _require_location(root: Path, dataset: DatasetParams) -> None:
    if dataset.source in ("directory", "imagenet"):
        path = root / home() / os.path.expanduser(dataset.location or "")  # noqa: PTH111
        if not path.exists():
            seen_from = (root / home()).resolve()
            raise UserError(f"dataset.location: {dataset.location} does not exist (seen from {seen_from})")
