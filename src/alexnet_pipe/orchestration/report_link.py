"""Where a browser finds the report of a run."""

from pathlib import Path

from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.service.address import running_server


def report_link(root: Path) -> str:
    """The report of the project `root`, or of a challenger in it: from the project's server, or else as a file."""
    project = root / home()
    server = running_server(project)
    if server is None:
        return Artifacts(root).report.resolve().as_uri()
    return f"{server['reports']}/{'report' if root == project else 'challenger'}/"
