"""What ten views at several scales earn beyond the ten of the paper, on the test images of `data/images`.

Each image is resampled to squares of other sides, ten views are cut out of each, and the answers of all are averaged.

    python -m benchmarks.scales models/alexnet.keras --side 240 --side 256 --side 288
"""

import argparse
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from alexnet_pipe.base.startup import without_notices

with without_notices():
    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.base.progress import progress
    from alexnet_pipe.evaluation.significance import paired, wilson_interval
    from alexnet_pipe.inputs.views import CENTRE_VIEW, POSITIONS, VIEWS, Inputs
    from alexnet_pipe.model.classifier import Classifier
    from alexnet_pipe.model.forms import fastest_forms
    from alexnet_pipe.model.model_file import load_model
    from alexnet_pipe.paper import CROP, SIDE
    from alexnet_pipe.store.image_store import ImageStore

BATCH = 64
"""Images of which one view is computed at once."""


def show(model: Classifier, store: ImageStore, sides: Sequence[int]) -> None:
    """A line for the centre view, for the ten views at each side, and for those at all sides together."""
    found = {side: _probabilities(model, store, side) for side in sides}
    _line("centre view", found[SIDE][CENTRE_VIEW].argmax(axis=1) != store.labels)
    ten = found[SIDE].mean(axis=0).argmax(axis=1) != store.labels
    for number in range(1, len(sides) + 1):
        for chosen in combinations(sides, number):
            views = np.concatenate([found[side] for side in chosen])
            wrong = views.mean(axis=0).argmax(axis=1) != store.labels
            _line(f"ten views at {', '.join(map(str, chosen))}", wrong, ten)


def _line(name: str, wrong: NDArray[np.bool_], ten: NDArray[np.bool_] | None = None) -> None:
    low, high = wilson_interval(int(wrong.sum()), len(wrong))
    text = f"{name:28} {wrong.mean():7.2%} ({low:.2%} to {high:.2%})"
    if ten is not None and not np.array_equal(ten, wrong):
        difference, lower, upper = paired(pd.Series(ten), pd.Series(wrong)).difference
        text += f"; {100 * difference:+.2f} points ({100 * lower:+.2f} to {100 * upper:+.2f}) beside the paper's ten"
    print(text, flush=True)


def _probabilities(model: Classifier, store: ImageStore, side: int) -> NDArray[np.float32]:
    """Of the ten views of every image at one `side`, float32 `(10, images, classes)`."""
    began, views = time.perf_counter(), []
    with progress(f"side {side}", len(store), "images") as advance:
        for start in range(0, len(store), BATCH):
            indices = np.arange(start, min(start + BATCH, len(store)))
            # Filled up: another size would be compiled once more.
            filled = np.concatenate([indices, np.repeat(indices[:1], BATCH - len(indices))])
            images = np.stack([_resampled(image, side) for image in store.gather(filled)])
            logits = [model.predict_on_batch(_view(images, *view)) for view in VIEWS]
            views.append(softmax(np.stack(logits), axis=2)[:, : len(indices)])
            advance(len(indices))
    print(f"side {side}: {len(VIEWS) * len(store) / (time.perf_counter() - began):.0f} views a second", flush=True)
    return np.concatenate(views, axis=1)


def _resampled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if side == SIDE:
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def _view(images: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> Inputs:
    """A view at the place that it has in 256 pixels, in shares of the room there is; the mean is that of its place."""
    positions = images.shape[1] - CROP + 1
    row, column = (round(place * (positions - 1) / (POSITIONS - 1)) for place in offset)
    return {
        "image": images[:, row : row + CROP, column : column + CROP],
        "offset": np.tile(np.array(offset, np.int32), (len(images), 1)),
        "mirror": np.full(len(images), mirror),
        "colour_shift": np.zeros((len(images), 3), np.float32),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--side", type=int, action="append", dest="sides", help=f"at least {CROP}; {SIDE} is always there"
    )
    sides = sorted({SIDE, *(parser.parse_args().sides or (240, 288))})
    if sides[0] < CROP:
        parser.error(f"--side: views are {CROP} pixels wide")
    loaded = load_model(parser.parse_args().model, fastest_forms())
    show(loaded, ImageStore.open_intact(Artifacts().images, "test"), sides)
