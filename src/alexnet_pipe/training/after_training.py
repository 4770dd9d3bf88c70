"""What a model's file says besides weights: its temperatures, and what the photographs of its training were like."""

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.portable.training_summary import Summary
from alexnet_pipe.statistics.arrivals import of_pixels, summarised
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.processes import Processes
from alexnet_pipe.training.temperature import fit_temperatures

MEASURED = 500
"""Training images at most, evenly spread."""

ASKED = 256
"""Validation images at most, evenly spread."""

_TOGETHER = 64


def complete(model: Classifier, train: ImageStore, held_out: ImageStore, batch_size: int, processes: Processes) -> None:
    """Give `model`, whose weights are final, its temperatures, and in the first of `processes` its summary.

    Raises:
        StoppedError: on Ctrl-C or SIGTERM.
    """
    fit_temperatures(model, held_out, batch_size, processes)
    if processes.is_first:
        model.summary = summary_of(model, train, held_out)


def summary_of(model: Classifier, train: ImageStore, held_out: ImageStore) -> Summary:
    """What training and validation images are like to `model`, whose weights and temperatures are final.

    The same weights and images give the same summary.
    """
    places, asked = _spread(len(train), MEASURED), _spread(len(held_out), ASKED)
    with progress("train: summary", len(places) + len(asked), "images") as advance:
        pixels: list[dict[str, NDArray[np.float64]]] = []
        for start in range(0, len(places), _TOGETHER):
            pixels.append(of_pixels(train.gather(places[start : start + _TOGETHER])))
            advance(len(pixels[-1]["brightness"]))
        network, said = model.with_features(), []
        for start in range(0, len(asked), _TOGETHER):
            said.append(_said(network, held_out.gather(asked[start : start + _TOGETHER])))
            advance(len(said[-1][0]))
    measured = {name: np.concatenate([part[name] for part in pixels]) for name in pixels[0]}
    if {"width", "height"} <= set(train.rows.columns):
        measured["short_side"] = train.rows[["width", "height"]].min(axis=1).to_numpy(np.float64)[places]
    logits, features = (np.concatenate(parts) for parts in zip(*said, strict=True))
    say(f"train: a summary of {len(places):,} training and {len(asked):,} validation images, to tell others by")
    return summarised(measured, features, softmax(logits.astype(np.float64) / model.temperature, axis=1))


def _said(network: keras.Model, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and fc7; operation by operation, as to trace a graph takes longer than it saves."""
    filled = np.concatenate([images, np.repeat(images[:1], _TOGETHER - len(images), axis=0)])
    logits, features = network(view(filled, CENTRE, False), training=False)
    return np.asarray(logits, np.float32)[: len(images)], np.asarray(features, np.float32)[: len(images)]


def _spread(images: int, most: int) -> NDArray[np.integer]:
    count = min(images, most)
    return np.arange(count) * images // count
