"""The training batches; the batch of a step is a pure function of the seed and the step.

So is each random choice in it: there is no state to save, and any step can be made again.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, undamaged
from alexnet_pipe.inputs.views import CENTRE, POSITIONS, Inputs
from alexnet_pipe.paper import CROP
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore

Batch = tuple[Inputs, NDArray[np.int32]]

_ORDER, _CROP, _MIRROR, _COLOUR = range(4)


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
        self.seed = train.seed
        self.batch_size = train.batch_size
        self._random_crops, self._mirror = train.random_crops, train.mirror
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

    def batch(self, step: int) -> Batch:
        """The model's inputs and the labels, int32 `(batch_size,)`, of one step."""
        indices = self.indices(step)
        offsets = crop_offsets(self.seed, step, len(indices), self._random_crops)
        inputs: Inputs = {
            "image": self._crops(indices, offsets),
            "offset": offsets,
            "mirror": mirror_flags(self.seed, step, len(indices), self._mirror),
            "colour_shift": colour_factors(self.seed, step, len(indices)) @ self._colour_directions.T,
        }
        return inputs, self.store.labels[indices]

    def batches(self, first: int, end: int) -> Iterator[Batch]:
        """The batches of steps `first` to `end - 1`; the next one is made while the caller uses this one."""
        with ThreadPoolExecutor(1, "next-batch") as background:
            following = background.submit(self.batch, first) if first < end else None
            for step in range(first, end):
                assert following is not None
                batch = following.result()
                following = background.submit(self.batch, step + 1) if step + 1 < end else None
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


def image_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """A permutation of `range(images)` for one epoch."""
    return _generator(seed, _ORDER, epoch).permutation(images)


def crop_offsets(seed: int, step: int, images: int, random: bool = True) -> NDArray[np.int32]:
    """Row and column of each image's crop, int32 `(images, 2)`: the centre, or uniform over the 30×30 positions."""
    if not random:
        return np.full((images, 2), CENTRE, np.int32)
    return _generator(seed, _CROP, step).integers(0, POSITIONS, (images, 2), dtype=np.int32)


def mirror_flags(seed: int, step: int, images: int, random: bool = True) -> NDArray[np.bool_]:
    """Which images are mirrored, bool `(images,)`: none, or half of them on average."""
    if not random:
        return np.zeros(images, bool)
    return _generator(seed, _MIRROR, step).integers(0, 2, images, dtype=np.int8).astype(bool)


def colour_factors(seed: int, step: int, images: int) -> NDArray[np.float32]:
    """Standard normal factors of the three principal colour directions, float32 `(images, 3)`."""
    return _generator(seed, _COLOUR, step).standard_normal((images, 3), dtype=np.float32)


def _generator(seed: int, purpose: int, position: int) -> np.random.Generator:
    # Philox is counter-based: the key and the highest counter word select one of many streams that never overlap.
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, 0, position]))
