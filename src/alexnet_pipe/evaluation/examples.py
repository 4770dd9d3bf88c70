"""What the report shows of single test images: what they resemble, and where the network looks."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.progress import progress
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.paper import CROP
from alexnet_pipe.store.image_store import ImageStore

EXAMPLES = 6
"""Test images of which more is found out than of the others."""

NEAREST = 6
SEARCHED = 20_000
"""Training images that are looked at, evenly spread over all of them."""

TOGETHER = 640
"""Images that are read at a time: 126 MB."""

PATCH = 48
"""Height and width of what is hidden, in pixels."""

STEP = 16
PLACES = (CROP - PATCH) // STEP + 1
"""Positions of the patch along a side."""


class Network(Protocol):
    """An `evaluation.ten_views.Network`, which the report does without."""

    @property
    def temperatures(self) -> tuple[float, float]:
        """Of the centre view's answers, and of those of ten views."""

    def outputs(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits and fc7 of the centre view, float32 `(1, n, classes)` and `(1, n, units)`."""


def spread(images: int, count: int) -> list[int]:
    """`count` different places in a store, evenly spread: it is ordered by class, so most classes are met."""
    return sorted({int(place) for place in np.linspace(0, images - 1, min(count, images))})


def nearest_training_images(
    network: Network,
    train: ImageStore,
    queries: list[int],
    features: NDArray[np.float32],
    look: Callable[[NDArray[np.int64], NDArray[np.float32]], None] = lambda places, fc7: None,
) -> pd.DataFrame:
    """The training images that the network finds most like some test images (paper, section 6.1, figure 4 right).

    One row a query and neighbour, the nearest first: `query`, `train` (places in the stores) and `distance`, Euclidean
    between `features`, which are fc7 of the test images, float32 `(images, units)`. It takes longest to compute fc7 of
    the training images: `look` is shown places and fc7 of some at a time.
    """
    searched, done = spread(len(train), SEARCHED), 0
    # Of an ImageNet the features would take 300 MB; the distances take nothing.
    distances = []
    for fc7 in fc7_batches(network, train, searched, "evaluate: training images"):
        distances.append(np.stack([np.linalg.norm(fc7 - features[query], axis=1) for query in queries], axis=1))
        look(np.array(searched[done : done + len(fc7)]), fc7)
        done += len(fc7)
    columns = np.concatenate(distances).T
    return pd.concat([_nearest(query, searched, column) for query, column in zip(queries, columns, strict=True)])


def fc7_batches(network: Network, store: ImageStore, places: Sequence[int], task: str) -> Iterator[NDArray[np.float32]]:
    """fc7 of the centre view of the images at `places`, float32 `(n, units)`, some at a time; `task` is shown."""
    with progress(task, len(places), "images") as advance:
        for start in range(0, len(places), TOGETHER):
            images = store.gather(places[start : start + TOGETHER])
            yield network.outputs(images)[1][0]
            advance(len(images))


def _nearest(query: int, searched: Sequence[int], distances: NDArray[np.float32]) -> pd.DataFrame:
    best = np.argsort(distances, kind="stable")[:NEAREST]
    return pd.DataFrame({"query": query, "train": np.array(searched)[best], "distance": distances[best]})


def occlusion_maps(
    network: Network, store: ImageStore, images: Sequence[int], labels: Sequence[int], mean: NDArray[np.float32]
) -> pd.DataFrame:
    """Where the network looks: what a class loses when a part of the image is hidden (Zeiler and Fergus 2013).

    One row an image (a place in the store): `image`, `label`, the class that is asked for, one of `labels`, `before`,
    its probability when nothing is hidden, and `probability`, float32, `PLACES`² values row by row, both with the
    temperature of one view. Hidden pixels are those of the mean image, float32 `(256, 256, 3)` in grey levels: nothing,
    after it has been subtracted. The centre view is used.
    """
    rows = []
    for image, label in zip(images, labels, strict=True):
        seen = store.gather([image])
        logits, _ = network.outputs(np.concatenate([_hidden(seen, mean), seen]))
        shares = softmax(logits[0].astype(np.float64) / network.temperatures[0], axis=1)
        probability = shares[:, label].astype(np.float32)
        rows.append({"image": image, "label": label, "before": probability[-1], "probability": probability[:-1]})
    return pd.DataFrame(rows)


def _hidden(images: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One image, hidden at each place of its centre view in turn."""
    filling = np.clip(np.rint(mean), 0, 255).astype(np.uint8)
    copies = np.repeat(images, PLACES**2, axis=0)
    for number, copy in enumerate(copies):
        top, left = (CENTRE[axis] + STEP * place for axis, place in enumerate(divmod(number, PLACES)))
        copy[top : top + PATCH, left : left + PATCH] = filling[top : top + PATCH, left : left + PATCH]
    return copies


def save_picture(path: Path, pixels: NDArray[np.floating]) -> None:
    """Write RGB pixels in 0–255, `(height, width, 3)`, as PNG."""
    with written_aside(path) as aside:
        Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(aside, "PNG")
