"""How many copies of training images, put among the test images, `evaluate` would find: crops, other sizes, compressed.

    python -m benchmarks.near_copies --model models/alexnet.keras

The images are those of `data/images`, evenly spread over the classes; a false one is a pair that is no copy.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.examples import fc7_batches, nearest_training_images, spread
from alexnet_pipe.evaluation.near_copies import Candidates, near_copies
from alexnet_pipe.paper import SIDE
from alexnet_pipe.portable.network import open_network
from alexnet_pipe.store.image_store import ImageStore

Pixels = NDArray[np.uint8]


def show(model: Path, planted: int) -> None:
    """A line for each kind of copy, and one for the test images as they are."""
    network, artifacts = open_network(model), Artifacts()
    train, test = (ImageStore.open(artifacts.images, split) for split in ("train", "test"))
    originals = spread(len(train), planted)
    random = np.random.default_rng(0)
    stores = {"as they are": test}
    for name, copy in copies(random).items():
        pixels = np.stack([np.asarray(copy(Image.fromarray(train[at]))) for at in originals])
        stores[name] = ImageStore(train.classes, train.rows.iloc[originals], [pixels])
    proposed = {}
    for name, store in stores.items():
        fc7 = np.concatenate(list(fc7_batches(network, store, range(len(store)), name)))
        proposed[name] = Candidates(fc7)

    def look(places: NDArray[np.int64], fc7: NDArray[np.float32]) -> None:
        for each in proposed.values():
            each.add(places, fc7)

    nearest_training_images(network, train, [0], fc7, look)
    for name, store in stores.items():
        started = time.process_time()
        found = near_copies(store, train, proposed[name].places)
        seconds = time.process_time() - started
        if store is test:
            print(f"{name:16} {len(found):,} of {len(test):,} test images, {seconds:.1f} s of the processor")
        else:
            right = sum(originals[place] == other for place, other in found[["test", "train"]].to_numpy().tolist())
            print(f"{name:16} {right:,} of {len(store):,} found, {len(found) - right:,} false")


def copies(random: np.random.Generator) -> dict[str, Callable[[Image.Image], Image.Image]]:
    """The kinds of copies by name; crops are anywhere."""

    def cropped(area: float) -> Callable[[Image.Image], Image.Image]:
        side = round(SIDE * area**0.5)

        def crop(picture: Image.Image) -> Image.Image:
            left, top = random.integers(0, SIDE - side + 1, 2).tolist()
            return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))

        return crop

    def smaller(picture: Image.Image, side: int) -> Image.Image:
        small = picture.resize((side, side), Image.Resampling.BOX)
        return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)

    def compressed(picture: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=40)
        return Image.open(buffer)

    crops = {f"{area:.0%} of the area": cropped(area) for area in (0.9, 0.8, 0.64, 0.5)}
    sizes = {f"{side} pixels": lambda picture, side=side: smaller(picture, side) for side in (128, 64)}
    return {**crops, **sizes, "JPEG, quality 40": compressed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Artifacts().model)
    parser.add_argument("--planted", type=int, default=60, help="copies of each kind")
    arguments = parser.parse_args()
    show(arguments.model, arguments.planted)
