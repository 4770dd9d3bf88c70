"""Stage `report`: all results on one page, and the papers that go with the model."""

from alexnet_pipe.base.files import load_json, required, save_json, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import without_secrets
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.provenance.croissant import croissant
from alexnet_pipe.provenance.statement import statement
from alexnet_pipe.reporting.origin import load_provenance
from alexnet_pipe.reporting.page import model_card, render_report
from alexnet_pipe.reporting.results import load_results


def run(
    artifacts: Artifacts, dataset: DatasetParams, resize: ResizeParams, model: ModelParams, train: TrainParams
) -> None:
    sections = {"dataset": dataset, "resize": resize, "model": model, "train": train}
    parameters = {name: section.model_dump() for name, section in sections.items()}
    parameters["dataset"]["location"] = dataset.location and without_secrets(dataset.location)
    results = load_results(artifacts)
    source = load_json(artifacts.source_version)
    required(artifacts.model)
    origin = load_provenance(artifacts.root, results.train_metrics["backend"])
    made = statement(artifacts, parameters, source, results.train_metrics, origin)
    described = croissant(artifacts, source, results.train.classes)
    page = render_report(results, parameters, origin)
    with written_aside(artifacts.report) as aside, written_aside(artifacts.card) as card:
        aside.write_text(page, encoding="utf-8")
        card.write_text(model_card(results, parameters, source, origin), encoding="utf-8")
        save_json(artifacts.statement, made)
        save_json(artifacts.croissant, described)
    say(f"report: {artifacts.report}, {len(page) / 1e6:.1f} MB")
