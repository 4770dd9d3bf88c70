"""How plots look, and those of the training; colours of middle lightness, to be read on light and on dark ground."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BLUE, ORANGE, INK = "#3b82c4", "#d97a2b", "#8a8f98"
"""Two colours that the colour-blind tell apart; and what becomes the page's own in drawings."""

SIZE = (4.6, 3.0)
"""Inches: letters of 10 points can still be read where this is as wide as a telephone."""

# Names of SVG elements are random otherwise, and the page would never have the same bytes twice.
mpl.rcParams["svg.hashsalt"] = "alexnet-pipe"
mpl.rcParams["svg.fonttype"] = "path"


def loss_curve(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Training and validation loss by epoch, in nats; a dashed line at each epoch of `resumed`."""
    figure, axes = new_figure("epoch", "loss (nats)")
    _lines(axes, history, "train_loss", "validation_loss")
    return _marked(figure, resumed)


def error_curve(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Training and validation top-1 error by epoch, in per cent; dashed lines as in `loss_curve`."""
    figure, axes = new_figure("epoch", "top-1 error (%)")
    percent = history.assign(**{name: 100 * history[name] for name in ("train_top1_error", "validation_top1_error")})
    _lines(axes, percent, "train_top1_error", "validation_top1_error")
    axes.set_ylim(bottom=0)
    return _marked(figure, resumed)


def rate_steps(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """The learning rate by epoch; dashed lines as in `loss_curve`."""
    figure, axes = new_figure("epoch", "learning rate ε")
    axes.step(history["epoch"], history["learning_rate"], where="mid", color=BLUE, marker="o", markersize=3)
    axes.set_yscale("log")
    # A decade at least: the axis of a rate that is never cut would have no number.
    axes.set_ylim(history["learning_rate"].min() / 3.2, history["learning_rate"].max() * 3.2)
    return _marked(figure, resumed)


def speed(history: pd.DataFrame, resumed: Sequence[float] = ()) -> Figure:
    """Images a second by epoch, below it the share of time that waits for data; dashed lines as in `loss_curve`."""
    figure = Figure(figsize=(SIZE[0], 3.8), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    styled(above, "", "images a second").plot(
        history["epoch"], history["images_per_second"], color=BLUE, marker="o", markersize=3
    )
    above.set_ylim(bottom=0)
    waiting = 100 * history["waiting_seconds"] / history["seconds"]
    styled(below, "epoch", "waiting (%)").bar(history["epoch"], waiting, color=ORANGE)
    below.set_ylim(0, max(5.0, 1.1 * waiting.max()))
    return _marked(figure, resumed)


def new_figure(x: str, y: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """An empty figure, `size` in inches, with one pair of axes."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, styled(figure.subplots(), x, y)


def styled(axes: Axes, x: str, y: str) -> Axes:
    """`axes` in the style of the page, with their labels."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(which="both", colors=INK)
    axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    return axes


def _lines(axes: Axes, history: pd.DataFrame, training: str, validation: str) -> None:
    axes.plot(history["epoch"], history[training], color=BLUE, marker="o", markersize=3, label="training")
    axes.plot(history["epoch"], history[validation], color=ORANGE, marker="s", markersize=3, label="validation")
    axes.legend(frameon=False, labelcolor=INK)


def _marked(figure: Figure, resumed: Sequence[float]) -> Figure:
    for axes in figure.axes:
        for epoch in resumed:
            axes.axvline(epoch, color=INK, linestyle="--", linewidth=1)
    # Epochs are whole numbers, also where there are few of them.
    figure.axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
