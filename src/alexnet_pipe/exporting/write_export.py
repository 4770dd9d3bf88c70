"""A classifier to a file of another format, which is compared with it before anyone sees it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.progress import progress
from alexnet_pipe.base.startup import redirected
from alexnet_pipe.evaluation.examples import spread
from alexnet_pipe.exporting import Format
from alexnet_pipe.exporting.deployment import (
    in_float32,
    run_saved_model,
    run_tflite,
    save_saved_model,
    save_tflite,
)
from alexnet_pipe.exporting.onnx_forms import graph_file, run_bundle, run_onnx, save_bundle, save_graph
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored
from alexnet_pipe.paper import SIDE
from alexnet_pipe.portable.description import Notes
from alexnet_pipe.portable.rounded import in_float16
from alexnet_pipe.portable.stored_model import Stored, notes_of
from alexnet_pipe.store.image_store import ImageStore

TOLERANCE = 1e-4
"""How far a probability may be from the classifier's."""

TOLERANCE_FLOAT16 = 0.01
"""The same where weights have the 11 bits of float16."""

_PHOTOGRAPHS = 100

_TILES = 8
_CONTRASTS = np.geomspace(1 / 128, 1, 8).reshape(8, 1, 1, 1)


def _portable(
    save: Callable[[bytes, Notes, Path], None], rounded: Callable[[Stored], Stored] | None = None
) -> Callable[[Classifier, Path], None]:
    """A function that saves a graph of the model's numbers, or of those that `rounded` makes of them."""

    def saved(model: Classifier, path: Path) -> None:
        stored = as_stored(model)
        save(graph_file(stored, rounded(stored) if rounded else None), notes_of(stored), path)

    return saved


_SAVE_AND_RUN = MappingProxyType(
    {
        Format.ONNX: (_portable(save_graph), run_onnx, TOLERANCE),
        Format.ONNX_FLOAT16: (_portable(save_graph, in_float16), run_onnx, TOLERANCE_FLOAT16),
        Format.SAVED_MODEL: (save_saved_model, run_saved_model, TOLERANCE),
        Format.TFLITE: (save_tflite, run_tflite, TOLERANCE),
        Format.BUNDLE: (_portable(save_bundle), run_bundle, TOLERANCE),
        Format.BUNDLE_FLOAT16: (_portable(save_bundle, in_float16), run_bundle, TOLERANCE_FLOAT16),
    }
)


NO_PHOTOGRAPHS = np.empty((0, SIDE, SIDE, 3), np.uint8)


def write_export(model: Classifier, to: Format, path: Path, photographs: NDArray[np.uint8] = NO_PHOTOGRAPHS) -> str:
    """Write `model` to `path`, a folder if it is a SavedModel and a file otherwise; returns what came of the check.

    It is compared with the model on drawn images, and on `photographs`, uint8 `(n, 256, 256, 3)`.

    Raises:
        UserError: if the file does not say what the model says; `path` is then as it was.
    """
    save, run, tolerance = _SAVE_AND_RUN[to]
    with written_aside(path) as aside, progress("export", 3, "steps") as advance:
        drawn = of_all_contrasts(np.asarray(model.mean))
        images = np.concatenate([drawn, photographs])
        expected = _probabilities(in_float32(model), images)
        advance()
        with _quiet():
            save(in_float32(model), aside)
        advance(note="written")
        with _quiet():
            found = run(aside, images)
        advance(note="checked")
        difference = float(np.abs(found - expected).max())
        if not difference <= tolerance:
            raise UserError(
                f"{path} is not written: its probabilities differ from the model's by up to {difference:.1g}, which is "
                f"more than {tolerance:g}; try another format"
            )
    kinds = f"{len(drawn)} images" + (f" and {len(photographs)} test photographs" if len(photographs) else "")
    return f"checked on {kinds}: probabilities differ by at most {_short(difference)}"


def photographs_for_testing(images: Path) -> NDArray[np.uint8]:
    """Up to 100 test images of the store `images`, spread over its classes; none if there is no whole store."""
    try:
        store = ImageStore.open(images, "test")
    except UserError:
        return NO_PHOTOGRAPHS
    return store.gather(spread(len(store), _PHOTOGRAPHS))


def of_all_contrasts(mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Coloured tiles over the mean image, uint8 `(8, 256, 256, 3)`, no two alike and none like its mirror image.

    They go from hardly visible to full contrast. A network that is sure of what it sees gives zeros and ones, and hides
    what is wrong with it; it is not sure of all of these.
    """
    tiles = np.random.default_rng(0).uniform(-SIDE, SIDE, (len(_CONTRASTS), _TILES, _TILES, 3))
    tiles = (tiles * _CONTRASTS).repeat(SIDE // _TILES, axis=1).repeat(SIDE // _TILES, axis=2)
    return np.clip(mean + tiles, 0, 255).astype(np.uint8)


def _probabilities(model: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    logits = np.asarray(model(view(images, CENTRE, mirror=False), training=False))
    probabilities: NDArray[np.float32] = softmax(logits / np.float32(model.temperature), axis=1)
    return probabilities


def _short(number: float) -> str:
    return f"{number:.1g}".replace("e-0", "e-")


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what converters tell those who build them; exceptions still say what went wrong."""
    with Path(os.devnull).open("wb") as nowhere, redirected(nowhere.fileno(), 1, 2):
        yield
