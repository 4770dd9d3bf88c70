"""Where the network looks: what a class loses when a part of the image is hidden (Zeiler and Fergus 2013)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from alexnet_pipe.inputs.views import CENTRE, CROP, Inputs, view
from alexnet_pipe.store.image_store import ImageStore

PATCH = 48
"""Height and width of what is hidden, in pixels."""

STEP = 16
PLACES = (CROP - PATCH) // STEP + 1
"""Positions of the patch along a side."""


def occlusion_maps(network: Any, store: ImageStore, images: list[int], mean: NDArray[np.float32]) -> pd.DataFrame:
    """One row an image: `image`, `label`, and `probability` of its label, float32, `PLACES`² values row by row.

    Hidden pixels are those of the mean image: nothing, after it has been subtracted. The centre view is used.

    Args:
        network: The result of `evaluation.predict.with_features`.
        store: The test images.
        images: Places in the store.
        mean: float32 `(256, 256, 3)`, in grey levels.
    """
    rows = []
    for image in images:
        label = int(store.labels[image])
        logits, _ = network.predict_on_batch(_hidden(store.gather([image]), mean))
        probability = softmax(np.asarray(logits, np.float64), axis=1)[:, label].astype(np.float32)
        rows.append({"image": image, "label": label, "probability": probability})
    return pd.DataFrame(rows)


def _hidden(images: NDArray[np.uint8], mean: NDArray[np.float32]) -> Inputs:
    """The centre view of one image, hidden at each place in turn."""
    filling = np.clip(np.rint(mean), 0, 255).astype(np.uint8)
    copies = np.repeat(images, PLACES**2, axis=0)
    for number, copy in enumerate(copies):
        top, left = (CENTRE[axis] + STEP * place for axis, place in enumerate(divmod(number, PLACES)))
        copy[top : top + PATCH, left : left + PATCH] = filling[top : top + PATCH, left : left + PATCH]
    return view(copies, CENTRE, False)
