"""Where a browser finds the report of a run."""

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.service.address import running_server


def report_link(checkout: Checkout) -> str:
    """The report of the project, or of a challenger in it: from the project's server, or else as a file."""
    server = running_server(checkout.project)
    if server is None:
        return Artifacts(checkout.root).report.resolve().as_uri()
    return f"{server['reports']}/{'report' if checkout.home is None else 'challenger'}/"
