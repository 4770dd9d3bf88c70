"""Where a browser finds the report of a run."""

from pathlib import Path

from alexnet_pipe.artifacts import Artifacts, home, load_json

SERVER = ".prefect/server.json"
"""What a running server of the project says of itself, its addresses among it."""


def report_link(root: Path) -> str:
    """The report of the project `root`, or of a challenger in it: from the project's server, or else as a file."""
    project = root / home()
    server = project / SERVER
    if not server.exists():
        return Artifacts(root).report.resolve().as_uri()
    return f"{load_json(server)['reports']}/{'report' if root == project else 'challenger'}/"
