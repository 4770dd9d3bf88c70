"""Stage `settings`: all are valid, and what they name is there, before another stage removes or starts anything."""

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import checked_params


def run(artifacts: Artifacts) -> None:
    checked_params(artifacts.root / "params.yaml")
    for path in (*artifacts.measured, artifacts.relabelled):
        if not path.exists():
            raise UserError(f"{path} is missing: `git checkout {path}` brings it back")
    # The same bytes whatever the settings are: each of the other stages depends on its own.
    with written_aside(artifacts.settings_checked) as aside:
        aside.write_text("The settings are valid.\n", encoding="utf-8")
