"""New values for settings, given to a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.preset import overridden, write_params


def override_params(root: Path, overrides: Mapping[str, Any]) -> None:
    """Check `params.yaml` of the project `root`, and write `section.key` values into it.

    Raises:
        UserError: for a parameter that is wrong there, or here; then nothing is written.
    """
    path = root / "params.yaml"
    params = load_params(path)
    if overrides:
        write_params(path, overridden(params, overrides, "the run's params"))
