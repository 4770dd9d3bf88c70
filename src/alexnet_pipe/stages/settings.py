"""Stage `settings`: all are valid, and what they name is there, before another stage removes or starts anything."""

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import checked_params
from alexnet_pipe.params.train import initial_weights, require_same_network
from alexnet_pipe.portable.stored_model import read_described


def run(artifacts: Artifacts) -> None:
    params = checked_params(artifacts.root / "params.yaml")
    if initial := initial_weights(artifacts, params.train):
        require_same_network(str(initial), params.model.model_dump(), read_described(initial).model_dump())
    for path in (*artifacts.measured, artifacts.relabelled):
        if not path.exists():
            raise UserError(f"{path} is missing: `git checkout {path}` brings it back")
    # The same bytes whatever the settings are: each of the other stages depends on its own.
    with written_aside(artifacts.settings_checked) as aside:
        aside.write_text("The settings are valid.\n", encoding="utf-8")
