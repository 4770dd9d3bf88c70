"""Stage `report`: all results on one page."""

from alexnet_pipe.artifacts import Artifacts, written_aside
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.progress import say
from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.results import load_results


def run(
    artifacts: Artifacts, dataset: DatasetParams, resize: ResizeParams, model: ModelParams, train: TrainParams
) -> None:
    sections = {"dataset": dataset, "resize": resize, "model": model, "train": train}
    parameters = {name: section.model_dump() for name, section in sections.items()}
    page = render_report(load_results(artifacts), parameters)
    with written_aside(artifacts.report) as aside:
        aside.write_text(page, encoding="utf-8")
    say(f"report: {artifacts.report}, {len(page) / 1e6:.1f} MB")
