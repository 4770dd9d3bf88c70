"""The whole page from the results, beside what others have published; and the model's card (Mitchell et al. 2019)."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from alexnet_pipe.evaluation.slice_errors import told
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.reporting.calibration_section import BINS, calibration, calibration_section
from alexnet_pipe.reporting.card_header import card_header
from alexnet_pipe.reporting.class_section import class_rows, class_section
from alexnet_pipe.reporting.data_section import data_section, input_section
from alexnet_pipe.reporting.learned_section import learned_section
from alexnet_pipe.reporting.origin import Provenance
from alexnet_pipe.reporting.results import Results, published_errors
from alexnet_pipe.reporting.review_section import copies_section, suspect_rows
from alexnet_pipe.reporting.robustness_section import robustness_section
from alexnet_pipe.reporting.slice_section import slice_section
from alexnet_pipe.reporting.templates import rendered, template_text
from alexnet_pipe.reporting.training_section import recipe_table, training_section


def render_report(results: Results, parameters: Mapping[str, Mapping[str, Any]], origin: Provenance) -> str:
    """One self-contained HTML page; `parameters` are section, key and value of the configuration."""
    script = template_text("reporting/page.js")
    model, train = ModelParams.model_validate(parameters["model"]), TrainParams.model_validate(parameters["train"])
    return rendered(
        "reporting/page.html.j2",
        script=script,
        # The browser runs this script and no other, and fetches nothing.
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        results=results,
        parameters=parameters,
        origin=origin,
        test=results.test_metrics,
        train=results.train_metrics,
        metrics=results.data_metrics,
        published=published_errors(parameters["dataset"]),
        certificate=_if_of_this_model(results.certificate, results),
        forms=_if_of_this_model(results.forms, results),
        data=data_section(results, ResizeParams.model_validate(parameters["resize"])),
        inputs=input_section(results, parameters["train"]),
        training=training_section(results, train),
        recipe=recipe_table(results.experiments.get("recipe"), model, train, origin.digests.get("data/images")),
        learned=learned_section(results, parameters["model"]["variant"]),
        classes=class_section(results),
        slices=slice_section(results),
        trust=calibration_section(results),
        suspects=_if_of_this_model(results.suspects, results),
        suspect_rows=suspect_rows(results),
        copies=copies_section(results),
        robustness=robustness_section(results, _if_of_this_model(results.robustness, results)),
    )


def model_card(
    results: Results, parameters: Mapping[str, Mapping[str, Any]], source: Mapping[str, Any], origin: Provenance
) -> str:
    """Markdown for GitHub: the same for the same results, however long the run took.

    `source` is what was downloaded: `source`, `location` and `version`; `parameters` are as for `render_report`.
    """
    card = rendered(
        "reporting/card.md.j2",
        test=results.test_metrics,
        train=results.train_metrics,
        data=results.data_metrics,
        parameters=parameters,
        source=source,
        origin=origin,
        reasons=_reasons(results.rejected),
        bins=BINS,
        calibration=calibration(results.predictions),
        worst_slice=told(results.slices),
        forms=_if_of_this_model(results.forms, results),
        **_class_tables(results),
    )
    return f"{card_header(results.test_metrics, parameters, source)}{card}\n"


def _if_of_this_model(measured: dict[str, Any], results: Results) -> dict[str, Any] | None:
    """What was measured after the pipeline had run; another training has other weights."""
    return measured if measured.get("weights_digest") == results.train_metrics["weights_digest"] else None


def _class_tables(results: Results) -> dict[str, Any]:
    """The classes with test images, the lowest recall first; of many the worst and the best."""
    tested = results.classes["images"] > 0
    names = tuple(name for name, has in zip(results.test.classes, tested, strict=True) if has)
    rows = class_rows(results.classes[tested], names)
    worst = len(rows) if len(rows) == len(names) else len(rows) // 2
    smallest = int(results.classes["images"][tested].min())
    return {"worst": rows[:worst], "best": rows[worst:], "tested": len(names), "smallest": smallest}


def _reasons(rejected: pd.DataFrame) -> dict[str, int]:
    """How many files were refused for each reason, the most frequent first."""
    counts = rejected.loc[rejected["outcome"] == "refused", "reason"].value_counts().sort_index()
    return {str(reason): int(n) for reason, n in counts.sort_values(ascending=False, kind="stable").items()}
