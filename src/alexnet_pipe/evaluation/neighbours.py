"""The training images that the network finds most like some test images (paper, section 6.1, figure 4 right)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.examples import spread
from alexnet_pipe.evaluation.predict import BATCH
from alexnet_pipe.inputs.views import CENTRE, view
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
    searched = spread(len(train), SEARCHED)
    # Of an ImageNet the features would take 300 MB; the distances take nothing.
    distances = np.concatenate(
        [
            np.stack([np.linalg.norm(fc7 - features[query], axis=1) for query in queries], axis=1)
            for fc7 in fc7_batches(network, train, searched, "evaluate: training images")
        ]
    )
    return pd.concat([_nearest(query, searched, column) for query, column in zip(queries, distances.T, strict=True)])


def fc7_batches(network: Any, store: ImageStore, places: Sequence[int], task: str) -> Iterator[NDArray[np.float32]]:
    """fc7 of the centre view of the images at `places`, float32 `(n, units)`, a batch at a time; `task` is shown."""
    with progress(task, len(places), "images") as advance:
        for start in range(0, len(places), BATCH):
            images = store.gather(places[start : start + BATCH])
            _, fc7 = network.predict_on_batch(view(images, CENTRE, False))
            yield np.asarray(fc7, np.float32)
            advance(len(images))


def _nearest(query: int, searched: Sequence[int], distances: NDArray[np.float32]) -> pd.DataFrame:
    best = np.argsort(distances, kind="stable")[:NEAREST]
    return pd.DataFrame({"query": query, "train": np.array(searched)[best], "distance": distances[best]})
