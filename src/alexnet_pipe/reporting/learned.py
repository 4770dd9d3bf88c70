"""What the network learned: kernels, examples, neighbours, mistakes, classes, confidence, and where it looks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.evaluation.examples import spread
from alexnet_pipe.evaluation.pictures import kernel_grid
from alexnet_pipe.reporting.calibration import calibration_section
from alexnet_pipe.reporting.classes import class_rows
from alexnet_pipe.reporting.confusion import confusion_section
from alexnet_pipe.reporting.examples import confident_mistakes, example, near_ties, neighbour_rows
from alexnet_pipe.reporting.hidden import occlusion_rows
from alexnet_pipe.reporting.pictures import sharp_picture
from alexnet_pipe.reporting.results import Results

EXAMPLES, MISTAKES, TIES = 9, 12, 9


def learned_section(results: Results, towers: int) -> dict[str, Any]:
    """Pictures and tables of the trained network on the test set, ten views."""
    mistakes = confident_mistakes(results.predictions)
    classes = class_rows(results.classes, results.test.classes)
    return {
        "towers": [_tower(half) for half in np.split(results.filters, towers, axis=-1)],
        "examples": [example(results, index) for index in spread(len(results.test), EXAMPLES)],
        "neighbours": neighbour_rows(results),
        "mistakes": [example(results, index) for index in mistakes[:MISTAKES]],
        "mistakes_in_all": len(mistakes),
        "ties": [example(results, index) for index in near_ties(results.predictions)[:TIES]],
        "confusion": confusion_section(results),
        "classes": classes,
        "more_classes": len(results.test.classes) - len(classes),
        "calibration": calibration_section(results.predictions),
        "occlusion": occlusion_rows(results),
    }


def colour_share(filters: NDArray[np.float32]) -> float:
    """Which share of the squared weights is not the same in R, G and B: 0 for kernels that see grey only."""
    colour = filters - filters.mean(axis=2, keepdims=True)
    return float(np.square(colour).sum() / max(1e-12, np.square(filters).sum()))


def _tower(filters: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "picture": sharp_picture(kernel_grid(filters)),
        "kernels": filters.shape[-1],
        "colour": colour_share(filters),
    }
