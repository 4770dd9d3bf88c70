"""Everything that the page shows, as the stages left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.files import load_json, required
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.paper import SIDE
from alexnet_pipe.store.arrays import load_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import INDEX_FILE


@dataclass(frozen=True)
class Results:
    """
    What `base.paths.Artifacts` describes by the same names, and besides:

    Attributes:
        index: One row an image of the store; `width` and `height` are the photograph's, in pixels.
        train: The training images.
        test: The test images, in the order of `predictions`.
        classes: `class_errors` without its names: images, precision, recall, top1_error.
        eigenvalues: `(3,)`, of pixels in [0, 1].
        eigenvectors: `(3, 3)`, in columns.
    """

    source: Path
    manifest: pd.DataFrame
    rejected: pd.DataFrame
    index: pd.DataFrame
    train: ImageStore
    test: ImageStore
    data_metrics: dict[str, Any]
    train_metrics: dict[str, Any]
    test_metrics: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    classes: pd.DataFrame
    neighbours: pd.DataFrame
    occlusion: pd.DataFrame
    mean: NDArray[np.float32]
    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    filters: NDArray[np.float32]
    certificate: dict[str, Any]


def load_results(artifacts: Artifacts) -> Results:
    """Read what the stages before this one saved.

    Raises:
        UserError: naming the file that is missing.
    """
    pca = load_json(artifacts.pca)
    return Results(
        source=artifacts.source,
        manifest=pd.read_parquet(required(artifacts.manifest)),
        rejected=pd.read_parquet(required(artifacts.rejected)),
        index=pd.read_parquet(required(artifacts.images / INDEX_FILE), columns=["split", "width", "height"]),
        train=ImageStore.open(artifacts.images, "train"),
        test=ImageStore.open(artifacts.images, "test"),
        data_metrics=load_json(artifacts.data_metrics),
        train_metrics=load_json(artifacts.train_metrics),
        test_metrics=load_json(artifacts.test_metrics),
        history=pd.read_csv(required(artifacts.history)),
        predictions=pd.read_parquet(required(artifacts.predictions)),
        classes=pd.read_csv(required(artifacts.class_errors)).drop(columns="class"),
        neighbours=pd.read_parquet(required(artifacts.neighbours)),
        occlusion=pd.read_parquet(required(artifacts.occlusion)),
        mean=load_array(artifacts.mean, (SIDE, SIDE, 3)),
        eigenvalues=np.array(pca["eigenvalues"]),
        eigenvectors=np.array(pca["eigenvectors"]),
        filters=np.load(required(artifacts.filters)),
        certificate=load_json(artifacts.certificate),
    )
