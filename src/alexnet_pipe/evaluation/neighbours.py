"""The training images that the network finds most like some test images (paper, section 6.1, figure 4 right)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.evaluation.predict import BATCH
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.progress import progress
from alexnet_pipe.store.image_store import ImageStore

NEAREST = 6
SEARCHED = 20_000
"""Training images that are looked at, evenly spread over all of them."""


def nearest_training_images(
    network: Any, train: ImageStore, queries: list[int], features: NDArray[np.float32]
) -> pd.DataFrame:
    """One row a query and neighbour, the nearest first: `query`, `train` (places in the stores) and `distance`.

    Args:
        network: The result of `evaluation.predict.with_features`.
        train: The images to search.
        queries: Places in the test store.
        features: fc7 of the test images, float32 `(images, units)`; distances between them are Euclidean.
    """
    searched = np.unique(np.linspace(0, len(train) - 1, min(SEARCHED, len(train))).astype(int))
    distances = np.empty((len(queries), len(searched)), np.float32)
    with progress("evaluate: training images", len(searched), "images") as advance:
        for start in range(0, len(searched), BATCH):
            images = train.gather(searched[start : start + BATCH])
            _, fc7 = network.predict_on_batch(view(images, CENTRE, False))
            for row, query in enumerate(queries):
                difference = np.asarray(fc7, np.float32) - features[query]
                distances[row, start : start + len(images)] = np.linalg.norm(difference, axis=1)
            advance(len(images))
    return pd.concat([_nearest(query, searched, row) for query, row in zip(queries, distances, strict=True)])


def _nearest(query: int, searched: NDArray[np.int64], distances: NDArray[np.float32]) -> pd.DataFrame:
    best = np.argsort(distances, kind="stable")[:NEAREST]
    return pd.DataFrame({"query": query, "train": searched[best], "distance": distances[best]})
