"""How the training went, and what the network learned: its kernels, what it says of single images, where it looks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from alexnet_pipe.evaluation.examples import PATCH, PLACES, STEP, kernel_grid, spread
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.reporting.class_section import first_guesses
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, new_figure, styled, two_figures
from alexnet_pipe.statistics.first_kernels import learned_kernels
from alexnet_pipe.store.image_store import ImageStore

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


SHOWN, MISTAKES, TIES = 9, 12, 9

COVERED = (PLACES - 1) * STEP + PATCH
"""Height and width of what is hidden at one time or another, in pixels."""

LEAST = 0.01
"""The greatest loss of a map that shows nothing but that there is none."""

# Its lightness falls evenly: it reads the same to the colour-blind and in print.
_COLOURS = colormaps["viridis"]
_GREY = np.array([0.299, 0.587, 0.114])


def learned_section(results: Results, variant: str) -> dict[str, Any]:
    """Kernels, single images and maps of the trained network on the test set, ten views."""
    mistakes = confident_mistakes(results.predictions)
    counts = learned_kernels(results.filters, variant)
    halves = np.split(results.filters, len(counts), axis=-1)
    return {
        "towers": [
            {"picture": kernel_grid(half), "kernels": half.shape[-1], "colour": colour_share(half), "learned": count}
            for half, count in zip(halves, counts, strict=True)
        ],
        "examples": [_example(results, place) for place in spread(len(results.test), SHOWN)],
        "neighbours": neighbour_rows(results),
        "mistakes": [_example(results, place) for place in mistakes[:MISTAKES]],
        "mistakes_in_all": len(mistakes),
        "ties": [_example(results, place) for place in near_ties(results.predictions)[:TIES]],
        "occlusion": occlusion_rows(results),
        "heat_scale": 255 * _COLOURS(np.linspace(0, 1, 256))[None, :, :3].repeat(16, axis=0),
    }


def colour_share(filters: NDArray[np.float32]) -> float:
    """Which share of the squared weights is not the same in R, G and B: 0 for kernels that see grey only."""
    colour = filters - filters.mean(axis=2, keepdims=True)
    return float(np.square(colour).sum() / max(1e-12, np.square(filters).sum()))


def confident_mistakes(predictions: pd.DataFrame) -> list[int]:
    """Images whose most probable class is wrong, the most confident first."""
    guesses = first_guesses(predictions)
    return guesses[~guesses["right"]].sort_values("confidence", ascending=False, kind="stable").index.tolist()


def near_ties(predictions: pd.DataFrame) -> list[int]:
    """All images, those first whose two most probable classes are nearly as probable as each other."""
    margin = predictions["top5_probability_ten_view"].map(lambda top: top[0] - top[1])
    return margin.sort_values(kind="stable").index.tolist()


def neighbour_rows(results: Results) -> list[dict[str, Any]]:
    """Some test images, each with the nearest training images by fc7, the nearest first."""
    rows = []
    for _, near in results.neighbours.sort_values("distance", kind="stable").groupby("query"):
        found = [_named(results.train, place) for place in near["train"]]
        rows.append({**_named(results.test, near["query"].iloc[0]), "near": found})
    return rows


def occlusion_rows(results: Results) -> list[dict[str, Any]]:
    """Some test images, each with its map: yellow where hiding costs the class most of its probability."""
    top, left = CENTRE
    rows = []
    for image, label, hidden in results.occlusion[["image", "label", "probability"]].itertuples(index=False):
        pixels = results.test[image][top : top + COVERED, left : left + COVERED]
        before, lowest = float(results.predictions["label_probability"].iloc[image]), float(np.min(hidden))
        rows.append(
            {
                "pixels": pixels,
                "map": heat(pixels, before - mean_when_hidden(hidden)),
                "actual": results.test.classes[label],
                "before": before,
                "lowest": lowest,
                "loss": before - lowest >= LEAST,
                "where": place_in_words(int(np.argmin(hidden))),
            }
        )
    return rows


def mean_when_hidden(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each pixel the mean probability over the places of the square that hide it, `(COVERED, COVERED)`.

    Args:
        probability: `PLACES`² values, row by row.
    """
    sums, counts = np.zeros((COVERED, COVERED)), np.zeros((COVERED, COVERED))
    for number, value in enumerate(probability):
        top, left = (STEP * place for place in divmod(number, PLACES))
        sums[top : top + PATCH, left : left + PATCH] += value
        counts[top : top + PATCH, left : left + PATCH] += 1
    return sums / counts


def heat(pixels: NDArray[np.uint8], loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """RGB in 0–255: the picture in grey under the map, which is stronger where more is lost."""
    share = np.clip(loss / max(LEAST, float(loss.max())), 0, 1)
    grey = (pixels @ _GREY)[..., None]
    weight = 0.3 + 0.45 * share[..., None]
    return (1 - weight) * grey + weight * 255 * np.asarray(_COLOURS(share))[..., :3]


def place_in_words(number: int) -> str:
    """Where the square with this number lies, in thirds of the picture."""
    row, column = (3 * place // PLACES for place in divmod(number, PLACES))
    words = ("at the top", "in the middle", "at the bottom")[row], ("left", "", "right")[column]
    return " ".join(filter(None, words))


def _example(results: Results, place: int) -> dict[str, Any]:
    """One test image with its five most probable classes, ten views."""
    row, names = results.predictions.iloc[place], results.test.classes
    pairs = zip(row["top5_ten_view"], row["top5_probability_ten_view"], strict=True)
    top = [{"name": names[label], "share": float(p), "right": label == row["label"]} for label, p in pairs]
    return {**_named(results.test, place), "member": row["member"], "top": top}


def _named(store: ImageStore, place: int) -> dict[str, Any]:
    return {"pixels": store[place], "actual": store.classes[store.labels[place]]}
