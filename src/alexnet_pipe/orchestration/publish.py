"""What a run shows in Prefect: pictures, metrics, and a link to the report."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.orchestration.picture import pipeline_picture
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.dvc import StageRun, run_dvc
from alexnet_pipe.project.graph import Graph
from alexnet_pipe.reporting.figures import picture, plot
from alexnet_pipe.reporting.training_section import error_curve
from alexnet_pipe.service.address import running_server

_HEADING = 2
"""Lines."""


def publish(checkout: Checkout, graph: Graph, runs: Mapping[str, StageRun]) -> None:
    """Attach to the Prefect run what became of the stages, and what they have made so far."""
    artifacts = Artifacts(checkout.root)
    create_image_artifact(
        plot(pipeline_picture(graph, runs)),
        key="pipeline-picture",
        description="What ran, what was up to date or came from the cache, and how long each stage took.",
    )
    create_markdown_artifact(_metrics(checkout), key="metrics", description="Metrics beside those of the last commit.")
    if artifacts.mean.exists():
        create_image_artifact(
            picture(np.load(artifacts.mean)), key="mean-image", description="The mean of all training images."
        )
    if artifacts.history.exists():
        create_image_artifact(
            plot(error_curve(pd.read_csv(artifacts.history))),
            key="learning-curve",
            description="Top-1 error on the training and validation images by epoch.",
        )
    if artifacts.report.exists():
        create_link_artifact(_report_link(checkout), key="report", description=f"The report: {artifacts.report}")


def _metrics(checkout: Checkout) -> str:
    """A table of metric, last commit, this run and change."""
    lines = run_dvc(checkout, ["metrics", "diff", "--all", "--md", "--precision", "4"])
    table = [line for line in lines if line.startswith("|")]
    return "\n".join(table) if len(table) > _HEADING else "There is no commit to compare with."


def _report_link(checkout: Checkout) -> str:
    """The report of the project, or of a challenger in it: from the project's server, or else as a file."""
    server = running_server(checkout.project)
    if server is None:
        return Artifacts(checkout.root).report.resolve().as_uri()
    return f"{server['reports']}/{'report' if checkout.home is None else 'challenger'}/"
