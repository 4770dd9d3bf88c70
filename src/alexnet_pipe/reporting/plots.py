"""The page's plots; colours of middle lightness, to be read on light and on dark ground."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

BLUE, ORANGE, GREY = "#3b82c4", "#d97a2b", "#8a8f98"
# Names of SVG elements are random otherwise, and the page would never have the same bytes twice.
mpl.rcParams["svg.hashsalt"] = "alexnet-pipe"
mpl.rcParams["svg.fonttype"] = "path"


def loss_curve(history: pd.DataFrame) -> Figure:
    """Training and validation loss by epoch, in nats."""
    figure, axes = _figure("epoch", "loss (nats)")
    _lines(axes, history, "train_loss", "validation_loss")
    return figure


def error_curve(history: pd.DataFrame) -> Figure:
    """Training and validation top-1 error by epoch, in per cent."""
    figure, axes = _figure("epoch", "top-1 error (%)")
    percent = history.assign(**{name: 100 * history[name] for name in ("train_top1_error", "validation_top1_error")})
    _lines(axes, percent, "train_top1_error", "validation_top1_error")
    axes.set_ylim(bottom=0)
    return figure


def rate_steps(history: pd.DataFrame) -> Figure:
    """The learning rate by epoch."""
    figure, axes = _figure("epoch", "learning rate ε")
    axes.step(history["epoch"], history["learning_rate"], where="mid", color=BLUE, marker="o", markersize=3)
    axes.set_yscale("log")
    return figure


def confusion(matrix: NDArray[np.int64], classes: tuple[str, ...]) -> Figure:
    """Share of each actual class (rows) that was predicted as each class (columns)."""
    side = min(9.0, 2.5 + 0.35 * len(classes))
    figure, axes = _figure("predicted", "actual", (side, side))
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= 25:
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        axes.set_yticks(range(len(classes)), classes)
        for (row, column), count in np.ndenumerate(matrix):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "#20242a"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    return figure


def _figure(x: str, y: str, size: tuple[float, float] = (5.2, 3.2)) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x, color=GREY)
    axes.set_ylabel(y, color=GREY)
    axes.tick_params(which="both", colors=GREY)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    return figure, axes


def _lines(axes: Axes, history: pd.DataFrame, training: str, validation: str) -> None:
    axes.plot(history["epoch"], history[training], color=BLUE, marker="o", markersize=3, label="training")
    axes.plot(history["epoch"], history[validation], color=ORANGE, marker="o", markersize=3, label="validation")
    axes.legend(frameon=False, labelcolor=GREY)
