"""Everything that the page shows, as the stages left it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.artifacts import Artifacts, load_json, required
from alexnet_pipe.store.image_store import ImageStore


@dataclass(frozen=True)
class Results:
    """
    Attributes:
        manifest: One row a file of the source.
        rejected: What was found out about single ones: outcome, reason, detail.
        train: The training images.
        test: The test images, in the order of `predictions`.
        data_metrics: Counts of the data.
        train_metrics: Counts, losses and digests of the training.
        test_metrics: The errors with their intervals.
        history: One row an epoch.
        predictions: One row a test image.
        mean: The mean image, float32 `(256, 256, 3)`.
        eigenvalues: `(3,)`, of pixels in [0, 1].
        eigenvectors: `(3, 3)`, in columns.
        filters: The kernel of conv1, float32 `(11, 11, 3, kernels)`.
        features: fc7 of the test images, float32 `(images, units)`.
    """

    manifest: pd.DataFrame
    rejected: pd.DataFrame
    train: ImageStore
    test: ImageStore
    data_metrics: dict[str, Any]
    train_metrics: dict[str, Any]
    test_metrics: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    mean: NDArray[np.float32]
    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    filters: NDArray[np.float32]
    features: NDArray[np.float32]


def load_results(artifacts: Artifacts) -> Results:
    """Read what the stages before this one saved.

    Raises:
        UserError: naming the file that is missing.
    """
    pca = load_json(artifacts.pca)
    return Results(
        manifest=pd.read_parquet(required(artifacts.manifest)),
        rejected=pd.read_parquet(required(artifacts.rejected)),
        train=ImageStore.open(artifacts.images, "train"),
        test=ImageStore.open(artifacts.images, "test"),
        data_metrics=load_json(artifacts.data_metrics),
        train_metrics=load_json(artifacts.train_metrics),
        test_metrics=load_json(artifacts.test_metrics),
        history=pd.read_csv(required(artifacts.history)),
        predictions=pd.read_parquet(required(artifacts.predictions)),
        mean=np.load(required(artifacts.mean)),
        eigenvalues=np.array(pca["eigenvalues"]),
        eigenvectors=np.array(pca["eigenvectors"]),
        filters=np.load(required(artifacts.filters)),
        features=np.load(required(artifacts.features), mmap_mode="r"),
    )
