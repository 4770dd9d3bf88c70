"""How large the photographs were, and of what shape, before they were made 256×256."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from alexnet_pipe.reporting.plots import BLUE, INK, ORANGE, new_figure
from alexnet_pipe.store.layout import SIDE

BINS = 30
_SHAPES = {1 / 3: "1:3", 1 / 2: "1:2", 1.0: "1:1", 2.0: "2:1", 3.0: "3:1"}


def sides(index: pd.DataFrame) -> Figure:
    """Histograms of widths and heights in pixels, on a logarithmic axis; a dashed line at 256."""
    figure, axes = new_figure("pixels", "photographs")
    both = index[["width", "height"]].to_numpy()
    bins = np.geomspace(0.99 * min(SIDE, both.min()), 1.01 * max(SIDE, both.max()), BINS).tolist()
    axes.hist(index["width"], bins, color=BLUE, alpha=0.55, label="width")
    axes.hist(index["height"], bins, histtype="step", color=ORANGE, linewidth=1.6, label="height")
    axes.axvline(SIDE, color=INK, linestyle="--", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda side, _: f"{side:.0f}"))
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def aspects(index: pd.DataFrame) -> Figure:
    """A histogram of width by height on a logarithmic axis; what lies outside 1:4 to 4:1 is counted at its ends."""
    figure, axes = new_figure("width : height", "photographs")
    aspect = (index["width"] / index["height"]).clip(0.251, 3.99)
    # An odd number of bins: squares lie in the middle of one.
    axes.hist(aspect, np.geomspace(1 / 4, 4, BINS // 2 * 2).tolist(), color=BLUE, alpha=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(_SHAPES)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(_SHAPES.values()))
    return figure


def describe_sizes(index: pd.DataFrame) -> dict[str, int | float]:
    """Median and extreme sides in pixels, and shares of photographs that are enlarged, lie, stand, or are square."""
    width, height = index["width"], index["height"]
    return {
        "photographs": len(index),
        "median_width": int(width.median()),
        "median_height": int(height.median()),
        "smallest": int(index[["width", "height"]].to_numpy().min()),
        "largest": int(index[["width", "height"]].to_numpy().max()),
        "enlarged": float((index[["width", "height"]].min(axis=1) < SIDE).mean()),
        "wide": float((width > height).mean()),
        "tall": float((width < height).mean()),
        "square": float((width == height).mean()),
    }
