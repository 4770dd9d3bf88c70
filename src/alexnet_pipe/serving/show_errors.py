"""Evaluate models on a folder of labelled photographs, and show their errors."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import output_console, printable
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.evaluate import evaluate
from alexnet_pipe.serving.labelled import common_classes, labelled_photographs
from alexnet_pipe.serving.rows import utf8_output

AVERAGE = "average"
"""What the mean softmax of several models is called."""


def show_errors(models: Mapping[str, Classifier], folder: Path, as_json: bool) -> None:
    """Print the errors of each model, by name, and of all together; what is refused is named on standard error.

    Raises:
        UserError: if no photograph could be used, and as `common_classes` and `labelled_photographs`.
    """
    classes = common_classes(models)
    photographs, outside = labelled_photographs(folder, classes)
    refused = 0

    def refuse(path: Path, refusal: RefusedError) -> None:
        nonlocal refused
        refused += 1
        say(f"refused: {printable(path)}: {printable(refusal)}")

    with redirect_stdout(sys.stderr):
        if outside:
            say(f"evaluate: files outside any class folder, ignored: {outside:,}")
        metrics = evaluate(list(models.values()), classes, photographs, refuse)
    if not metrics:
        raise UserError(f"{folder}: no photograph could be used; the reasons stand above")
    if as_json:
        _print_json(list(models), metrics, refused)
    else:
        print(f"{metrics[0]['examples']:,} photographs of {len(classes):,} classes; {refused:,} refused\n")
        _print_table([*models, AVERAGE], metrics)


def _print_json(names: Sequence[str], metrics: Sequence[dict[str, Any]], refused: int) -> None:
    content = {"models": dict(zip(names, metrics, strict=False))}
    if len(metrics) > len(names):
        content[AVERAGE] = metrics[-1]
    print(json.dumps({**content, "refused": refused}, indent=2, ensure_ascii=False), file=utf8_output())


def _print_table(names: Sequence[str], metrics: Sequence[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for heading in ("model", "error", "one view", "ten views"):
        table.add_column(heading, overflow="fold")
    for name, found in zip(names, metrics, strict=False):
        for top in (1, 5):
            if found[f"top{top}_error"] is not None:
                cells = [_cell(found, f"top{top}_error{views}") for views in ("", "_ten_view")]
                table.add_row(*map(Text, (printable(name) if top == 1 else "", f"top-{top}", *cells)))
    output_console().print(table)


def _cell(found: Mapping[str, Any], name: str) -> str:
    interval = found[f"{name}_interval"]
    share = f"{found[name]:.2%} ({interval['low']:.2%} to {interval['high']:.2%})"
    return f"{share}, {found[f'{name}_count']:,} of {found['examples']:,}"
