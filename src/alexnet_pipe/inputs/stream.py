"""The training batches; the batch of a step is a pure function of the seed and the step.

So is each random choice in it: there is no state to save, and any step can be made again.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, undamaged
from alexnet_pipe.inputs.draws import (
    colour_factors,
    crop_boxes,
    crop_offsets,
    image_order,
    mirror_flags,
    mixup_shares,
)
from alexnet_pipe.inputs.views import Inputs
from alexnet_pipe.paper import CROP
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore

Batch = tuple[Inputs, NDArray[np.int32] | NDArray[np.float32]]


class TrainingStream:
    """Every epoch is one permutation of all images; epochs follow each other without a gap, and no image is dropped."""

    def __init__(self, store: ImageStore, colour_directions: NDArray[np.floating], train: TrainParams) -> None:
        """`colour_directions`: column i is what one standard deviation of principal component i adds to R, G and B.

        They are `(3, 3)`, in grey levels of 0–255.

        Raises:
            UserError: if there are fewer images than a batch.
        """
        if len(store) < train.batch_size:
            raise UserError(
                f"{len(store)} training images are fewer than one batch: add photographs or set "
                f"train.batch_size to {len(store)} or less"
            )
        self.store = store
        self.train = train
        self.seed = train.seed
        self.batch_size = train.batch_size
        self._colour_directions = colour_directions.astype(np.float32)
        # A batch can lie across two epochs, and the next batch is made while this one is used.
        self._order = lru_cache(maxsize=3)(lambda epoch: image_order(train.seed, epoch, len(store)))

    @classmethod
    def open(cls, store: ImageStore, pca: Path, train: TrainParams) -> Self:
        """With the colour directions that the file `pca` holds.

        Raises:
            UserError: also if it is missing or damaged.
        """
        components = load_json(pca)
        with undamaged(pca):
            directions = _directions(components, train.colour_shift)
        return cls(store, directions, train)

    def first_step(self, epoch: float) -> int:
        """The first step that begins in `epoch` or later (epochs count from 0)."""
        return ceil(epoch * len(self.store) / self.batch_size)

    def indices(self, step: int) -> NDArray[np.int64]:
        """Which images make up a batch, int64 `(batch_size,)`."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        epochs, places = np.divmod(positions, len(self.store))
        parts = [self._order(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)]
        return np.concatenate(parts)

    def batch(self, step: int, with_images: bool = True, rows: slice = slice(None)) -> Batch:
        """The inputs and labels of one step, or those of its `rows`.

        Inputs are the classifier's. With `train.crop_area`, images are whole, uint8 `(batch_size, 256, 256, 3)`, and
        `box` of `crop_boxes` stands for `offset`; with `train.mixup` there is `share` of `mixup_shares`, of the
        image at the same place from the batch's end. Without images, `index` has their places in the store, int32
        `(batch_size,)`, for who holds all of them.

        Labels are int32 `(batch_size,)`; with `train.mixup` or `train.label_smoothing`, `probabilities`.
        """
        train, indices = self.train, self.indices(step)
        of_step = (self.seed, step, len(indices))
        inputs: Inputs = {
            "mirror": mirror_flags(*of_step, train.mirror),
            "colour_shift": colour_factors(*of_step) @ self._colour_directions.T,
        }
        if train.crop_area is None:
            inputs["offset"] = offsets = crop_offsets(*of_step, train.random_crops)
        else:
            inputs["box"] = crop_boxes(*of_step, train.crop_area)
        share = mixup_shares(*of_step, train.mixup) if train.mixup else None
        if share is not None:
            inputs["share"] = share
        labels: Any = self.store.labels[indices]
        if train.labels_are_probabilities:
            # Of the whole batch, for an image may be mixed with one of other rows.
            labels = probabilities(labels, len(self.store.classes), train.label_smoothing, share)
        inputs = {name: values[rows] for name, values in inputs.items()}
        if not with_images:
            inputs["index"] = indices[rows].astype(np.int32)
        elif "offset" in inputs:
            inputs["image"] = self._crops(indices[rows], offsets[rows])
        else:
            inputs["image"] = self.store.gather(indices[rows])
        return inputs, labels[rows]

    def batches(self, first: int, end: int, made: Callable[[int], Any] | None = None) -> Iterator[Any]:
        """The batches of steps `first` to `end - 1`; the next one is made while the caller uses this one.

        `made` makes the batch of a step in the place of `batch`.
        """
        make = made or self.batch
        with ThreadPoolExecutor(1, "next-batch") as background:
            following = background.submit(make, first) if first < end else None
            for step in range(first, end):
                assert following is not None
                batch = following.result()
                following = background.submit(make, step + 1) if step + 1 < end else None
                yield batch

    def _crops(self, indices: NDArray[np.int64], offsets: NDArray[np.int32]) -> NDArray[np.uint8]:
        crops = np.empty((len(indices), CROP, CROP, 3), np.uint8)
        for slot, (index, (row, column)) in enumerate(zip(indices.tolist(), offsets.tolist(), strict=True)):
            crops[slot] = self.store[index][row : row + CROP, column : column + CROP]
        return crops


def colour_directions(eigenvalues: ArrayLike, eigenvectors: ArrayLike, deviation: float) -> NDArray[np.floating]:
    """What one standard deviation of each principal component adds to RGB, in grey levels of 0–255, `(3, 3)`.

    The paper adds `[p1 p2 p3]·[α1λ1, α2λ2, α3λ3]`, α ~ N(0, `deviation`), with λ the eigenvalues of the covariance of
    pixels in [0, 1] (section 4.1); hence the factor 255. Column i of `eigenvectors` belongs to eigenvalue i.
    """
    return 255 * deviation * np.asarray(eigenvectors) * np.asarray(eigenvalues)[None, :]


def _directions(components: Mapping[str, Any], deviation: float) -> NDArray[np.floating]:
    try:
        directions = colour_directions(components["eigenvalues"], components["eigenvectors"], deviation)
    except (KeyError, TypeError, ValueError):
        directions = np.empty(0)
    if directions.shape != (3, 3) or not np.isfinite(directions).all():
        raise ValueError("no three eigenvalues and eigenvectors")
    return directions


def probabilities(
    labels: NDArray[np.int32], classes: int, smoothing: float, share: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """What a step is to predict, float32 `(n, classes)`, each row with the sum 1.

    An image that mixup gives a `share` of another has the other's label by that share; then `smoothing` of each row is
    spread over all classes (Szegedy et al. 2016).
    """
    certain = np.eye(classes, dtype=np.float32)[labels]
    if share is not None:
        certain = certain + share[:, None] * (certain[::-1] - certain)
    return certain + np.float32(smoothing) * (np.float32(1 / classes) - certain)
