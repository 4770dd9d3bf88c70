"""The files of a project that a wheel carries besides the code, for `alexnet-pipe new`."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProjectFiles(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":  # An editable installation finds them in its checkout.
            build_data["force_include"] |= {name: f"alexnet_pipe/project_files/{name}" for name in self.config["files"]}
