"""Photographs beside those that a model was trained on: a table for people, a record for other programs."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from scipy.special import softmax

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.terminal import json_text, output_console, plain_table, utf8_output
from alexnet_pipe.evaluation.ten_views import BATCH
from alexnet_pipe.inputs.views import tempered
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import Network
from alexnet_pipe.portable.training_summary import QUANTITIES
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.serving.named_files import prepared_with_size
from alexnet_pipe.statistics.arrivals import FEWEST, Arrivals, Likeness, arrived, compared, joined

NO_SUMMARY = "does not say what its training's photographs were like, as models from before and imported ones do not"
"""Of a model; with it nothing can be compared."""


def show_drift(network: Network, photographs: Sequence[Path], as_json: bool, guesses: bool) -> None:
    """Print how `photographs` compare with those of the training; without `guesses` their mixture may be any.

    Raises:
        UserError: if the model has no summary, or too few photographs can be used.
    """
    if network.summary is None:
        raise UserError(f"the model {NO_SUMMARY}: train it again, and `predict` and all else work as they are")
    with redirect_stdout(sys.stderr):
        parts = list(_arrivals(network, photographs))
        usable = sum(len(part.guesses) for part in parts)
        if usable < len(photographs):
            say(f"drift: {len(photographs) - usable:,} files are no photographs: `alexnet-pipe predict` says why")
    if usable < FEWEST:
        raise UserError(f"{usable:,} photographs are too few to compare: it takes {FEWEST}")
    comparison = compared(network.summary, joined(parts), guesses=guesses)
    if as_json:
        print(json_text(record(comparison, network.weights_digest)), file=utf8_output())
        return
    output_console().print(finding_table(comparison))
    print(in_words(comparison))


def _arrivals(network: Network, photographs: Sequence[Path]) -> Iterator[Arrivals]:
    params, remaining = ResizeParams.model_validate(network.resize), iter(photographs)
    with progress("drift", len(photographs), "photographs") as advance:
        while batch := list(islice(remaining, BATCH)):
            found = []
            for path in batch:
                try:
                    found.append(prepared_with_size(path, params))
                except RefusedError:
                    continue
            if found:
                images = np.stack([each.pixels for each in found])
                logits, features = network.outputs(images)
                shares = tempered(softmax(logits[0], axis=1), network.temperatures[0])
                assert network.summary is not None
                yield arrived(network.summary, images, [each.short_side for each in found], features[0], shares)
            advance(len(batch))


def record(comparison: Likeness, digest: str) -> dict[str, Any]:
    """What is kept of a comparison: numbers alone, nothing of a photograph."""
    findings = {
        each.name: {
            "distance": round(each.distance, 4),
            "p_value": float(f"{each.p_value:.3g}"),
            "before": each.before,
            "now": float(f"{each.now:.5g}"),
        }
        for each in comparison.findings
    }
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": digest[:12],
        "photographs": comparison.photographs,
        "unlike": [each.name for each in comparison.unlike],
        "findings": findings,
    }


def finding_table(comparison: Likeness) -> Table:
    """A row a quantity, with its medians in the training and now."""
    rows = [
        (
            each.name,
            f"{each.before:.4g}",
            f"{each.now:.4g}",
            f"{each.distance:.2f}",
            f"{each.p_value:.1g}",
            "unlike" if each.differs else "",
            QUANTITIES.get(each.name, "share of the commonest classes among first guesses"),
        )
        for each in comparison.findings
    ]
    return plain_table(["quantity", "training", "now", "distance", "p", "", "what it is"], rows)


def in_words(comparison: Likeness) -> str:
    """One line: "200 photographs are unlike the training's in brightness (median 118 before, 164 now)"."""
    if not comparison.unlike:
        return f"{comparison.photographs:,} photographs are like the training's"
    named = [f"{each.name} ({each.before:.4g} before, {each.now:.4g} now)" for each in comparison.unlike]
    return f"{comparison.photographs:,} photographs are unlike the training's in {', '.join(named)}"
