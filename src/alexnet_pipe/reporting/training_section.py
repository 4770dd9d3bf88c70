"""How the training went, by what recipe, and what each choice of it earned."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams, recipe
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, new_figure, styled, two_figures

ROWS = 120
"""Epochs of the table; of more, every second, third, … is left out."""


def training_section(results: Results, train: TrainParams) -> dict[str, Any]:
    """The curves, where the training was resumed, and the epochs of the table."""
    history, steps = results.history, results.train_metrics["resumed_at_steps"]
    resumed = resumed_epochs(history, steps)
    curves = {"loss": loss_curve, "error": error_curve, "rate": rate_steps, "speed": speed}
    return {
        "rule": rate_rule(train),
        **{name: drawing(curve(history, resumed), name) for name, curve in curves.items()},
        "resumed": list(zip(steps, resumed, strict=True)),
        "epochs": history[:: -(-len(history) // ROWS)],
    }


def recipe_table(
    measured: Mapping[str, Any] | None, model: ModelParams, train: TrainParams, images: str | None
) -> dict[str, Any]:
    """Where the run departs from the published recipe, and what going back earned where that was measured.

    Args:
        measured: What `alexnet-pipe experiments recipe` has kept, if anything.
        images: The digest of the run's images; what was measured with others, or by another recipe, does not count.

    Returns:
        `rows`: each `here` and `instead` (by `section.key`) and `found`, where a set has it. `first`: the recipe's own
        error. `seeds`: how many trainings each has, 0 if nothing was measured.
    """
    here, published = recipe(model, train), recipe(ModelParams(), TrainParams())
    left = {name: value for name, value in here.items() if value != published[name]}
    if not measured or not images or (measured["params"], measured["images"]) != (here, images):
        measured = {"configurations": {"": {}}, "seeds": 0}
    first, *others = measured["configurations"].values()
    rows = []
    for each in others:
        instead = {name: value for name, value in each["params"].items() if name in here and value != here[name]}
        rows.append({"here": {name: here[name] for name in instead}, "instead": instead, "found": each})
    told = {name for row in rows for name in row["here"]}
    rows += [
        {"here": {name: value}, "instead": {name: published[name]}, "found": None}
        for name, value in left.items()
        if name not in told
    ]
    return {"rows": rows, "first": first, "seeds": measured["seeds"]}


def resumed_epochs(history: pd.DataFrame, steps: list[int]) -> list[float]:
    """Where `steps` lie between the epochs' ends; 0 is the start of the first epoch."""
    ends, epochs = [0, *history["step"]], [0, *history["epoch"]]
    return np.interp(steps, ends, epochs).tolist()


def rate_rule(train: TrainParams) -> str:
    """What the learning rate does, in words."""
    rules = {
        "plateau": f"divided by ten when the validation error has not fallen for {train.patience} epochs",
        "constant": "constant",
        "linear": "it falls linearly, to 0 at the end of the epochs that were planned",
        "cosine": "it falls as a cosine does, to 0 at the end of the epochs that were planned",
    }
    plural = "" if train.warmup_epochs == 1 else "s"
    warmup = f", after a rise over {train.warmup_epochs:g} epoch{plural}" if train.warmup_epochs else ""
    return rules[train.schedule] + warmup


def loss_curve(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Training and validation loss by epoch, in nats; a dashed line at each epoch of `resumed`."""
    figure, axes = new_figure("epoch", "loss (nats)")
    _lines(axes, history["epoch"], history[["train_loss", "validation_loss"]])
    return _marked(figure, resumed)


def error_curve(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Training and validation top-1 error by epoch, in per cent; dashed lines as in `loss_curve`."""
    figure, axes = new_figure("epoch", "top-1 error (%)")
    _lines(axes, history["epoch"], 100 * history[["train_top1_error", "validation_top1_error"]])
    axes.set_ylim(bottom=0)
    return _marked(figure, resumed)


def rate_steps(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """The learning rate by epoch, on a logarithmic axis unless it falls evenly; dashed lines as in `loss_curve`."""
    figure, axes = new_figure("epoch", "learning rate ε")
    axes.step(history["epoch"], history["learning_rate"], where="mid", color=BLUE, marker="o", markersize=3)
    if len(history) > 2 and history["learning_rate"].nunique() == len(history):
        axes.set_ylim(bottom=0)
    else:
        axes.set_yscale("log")
        # A decade at least: the axis of a rate that is never cut would have no number.
        axes.set_ylim(history["learning_rate"].min() / 3.2, history["learning_rate"].max() * 3.2)
    return _marked(figure, resumed)


def speed(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Images a second by epoch, below it the share of time that waits for data; dashed lines as in `loss_curve`."""
    figure, above, below = two_figures(3.8, (3, 2))
    styled(above, "", "images a second").plot(
        history["epoch"], history["images_per_second"], color=BLUE, marker="o", markersize=3
    )
    above.set_ylim(bottom=0)
    waiting = 100 * history["waiting_seconds"] / history["seconds"]
    styled(below, "epoch", "waiting (%)").bar(history["epoch"], waiting, color=ORANGE)
    below.set_ylim(0, max(5.0, 1.1 * waiting.max()))
    return _marked(figure, resumed)


def _lines(axes: Axes, epochs: "pd.Series[int]", both: pd.DataFrame) -> None:
    training, validation = both.columns
    axes.plot(epochs, both[training], color=BLUE, marker="o", markersize=3, label="training")
    axes.plot(epochs, both[validation], color=ORANGE, marker="s", markersize=3, label="validation")
    axes.legend(frameon=False, labelcolor=INK)


def _marked(figure: Figure, resumed: Sequence[float]) -> Figure:
    for axes in figure.axes:
        for epoch in resumed:
            axes.axvline(epoch, color=INK, linestyle="--", linewidth=1)
    # Epochs are whole numbers, also where there are few of them.
    figure.axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
