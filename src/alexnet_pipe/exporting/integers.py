"""A classifier in integers of 8 bits: ranges from training images, and written only if the test images are as right."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.significance import paired
from alexnet_pipe.exporting import Format
from alexnet_pipe.exporting.measured import figures, images_per_second, require_kept, wrong_answers
from alexnet_pipe.exporting.onnx_forms import graph_file, save_bundle, save_graph
from alexnet_pipe.portable.onnx_graph import IMAGES
from alexnet_pipe.portable.rounded import Ranges, handed_on, in_float16, in_int8, without_batch_normalization
from alexnet_pipe.portable.stored_model import Stored, notes_of
from alexnet_pipe.reporting.origin import this_machines_name
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import RESIZE_FILE

CALIBRATION = 256
"""Training images that decide how far what the layers hand on goes; a set of photographs differs little beyond."""

_SEED = 0
_TOGETHER = 16
_OPERATIONS = ("Transpose", "Relu", "Mul", "Conv", "Div")
"""Which give what is handed on."""

FLOAT32, FLOAT16, INT8 = "float32", "float16", "int8"


def write_int8(stored: Stored, artifacts: Artifacts, to: Format, path: Path) -> dict[str, Any]:
    """Write the classifier in integers to `path`; returns errors, sizes and speeds, which are in `artifacts.forms` too.

    That file is the page's: it is left alone if the model is another than that of the last training.

    Raises:
        UserError: if the images are not those of the model, or as `require_kept`; nothing is written then.
    """
    train = images_of(stored, artifacts.images, "train")
    graphs = {FLOAT32: graph_file(stored)}
    with suppress(UserError):  # float16 is only shown beside it.
        graphs[FLOAT16] = graph_file(stored, in_float16(stored))
    graphs[INT8] = graph_file(stored, in_int8(stored, ranges(stored, train)))
    test = images_of(stored, artifacts.images, "test")
    wrong = wrong_answers(graphs, test)
    require_kept(INT8, paired(wrong[FLOAT32], wrong[INT8]))
    found = figures(graphs, wrong, images_per_second(graphs, test.gather(np.arange(min(32, len(test))))))
    found |= {"weights_digest": notes_of(stored).weights_digest, "machine": this_machines_name()}
    with written_aside(path) as aside:
        (save_bundle if to.kind == Format.BUNDLE else save_graph)(graphs[INT8], notes_of(stored), aside)
    if _is_last_trained(artifacts, found["weights_digest"]):
        save_json(artifacts.forms, found)
    return found


def images_of(stored: Stored, folder: Path, split: str) -> ImageStore:
    """The images of a split below `folder`, if they are what the classifier is for.

    Raises:
        UserError: if they have other classes, or were prepared in another way.
    """
    description, store = stored.description, ImageStore.open(folder, split)
    if tuple(description.classes) != store.classes:
        raise UserError(f"the model knows other classes than {folder}: int8 is made and tested with the model's images")
    if load_json(folder / RESIZE_FILE) != description.resize.model_dump():
        raise UserError(f"{folder} was prepared otherwise than the model asks: `dvc repro` makes both alike")
    return store


def ranges(stored: Stored, train: ImageStore) -> Ranges:
    """The least and the greatest value of each that the layers hand on, over the centre views of training images."""
    # Slow to import.
    from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator

    count = min(CALIBRATION, len(train))
    chosen = np.sort(np.random.default_rng(_SEED).choice(len(train), count, replace=False))
    with TemporaryDirectory() as folder, progress("export", count, "images") as advance:
        plain, augmented = Path(folder, "plain.onnx"), Path(folder, "augmented.onnx")
        plain.write_bytes(graph_file(stored, without_batch_normalization(stored)))
        calibrator = create_calibrator(plain, _OPERATIONS, str(augmented), CalibrationMethod.MinMax)
        for start in range(0, count, _TOGETHER):
            images = train.gather(chosen[start : start + _TOGETHER])
            calibrator.collect_data(OneBatch(images))
            advance(len(images), note="calibrated")
        found = calibrator.compute_data()
    # NumPy's arrays of one number each.
    ends = {name: np.ravel(found[name].range_value) for name in handed_on(stored.description.variant)}
    if not np.isfinite(list(ends.values())).all():
        raise UserError("what the model's layers hand on is no finite number: its weights are too large")
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


class OneBatch:
    """Images as a calibration takes them: once, and then none."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._batches: Iterator[dict[str, NDArray[np.uint8]]] = iter([{IMAGES: images}])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        return next(self._batches, None)


def _is_last_trained(artifacts: Artifacts, digest: str) -> bool:
    metrics = artifacts.train_metrics
    return metrics.exists() and load_json(metrics).get("weights_digest") == digest
