"""How the training went: curves, speed, and where it was resumed."""

from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.reporting import plots
from alexnet_pipe.reporting.pictures import drawing
from alexnet_pipe.reporting.results import Results

ROWS = 120
"""Epochs of the table; of more, every second, third, … is left out."""


def training_section(results: Results) -> dict[str, Any]:
    """The curves, what they show in numbers, and the epochs as a table."""
    history = results.history
    resumed = resumed_epochs(history, results.train_metrics["resumed_at_steps"])
    curves = {
        "loss": plots.loss_curve,
        "error": plots.error_curve,
        "rate": plots.rate_steps,
        "speed": plots.speed,
    }
    return {
        **{name: drawing(curve(history, resumed), name) for name, curve in curves.items()},
        "first": history.iloc[0].to_dict(),
        "last": history.iloc[-1].to_dict(),
        "rates": [float(rate) for rate in history["learning_rate"].unique()],
        "slowest": float(history["images_per_second"].min()),
        "fastest": float(history["images_per_second"].max()),
        "resumed": list(zip(results.train_metrics["resumed_at_steps"], resumed, strict=True)),
        "epochs": history.iloc[:: -(-len(history) // ROWS)].to_dict("records"),
    }


def resumed_epochs(history: pd.DataFrame, steps: list[int]) -> list[float]:
    """Where `steps` lie between the epochs' ends; 0 is the start of the first epoch."""
    ends, epochs = [0, *history["step"]], [0, *history["epoch"]]
    return [float(epoch) for epoch in np.interp(steps, ends, epochs)]
