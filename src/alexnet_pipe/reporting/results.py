"""What the page shows of the stages before it, and what others have published."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.files import load_json, required
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.paper import SIDE
from alexnet_pipe.portable.stored_model import read_described
from alexnet_pipe.portable.training_summary import Summary
from alexnet_pipe.store.arrays import load_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import INDEX_FILE


@dataclass(frozen=True)
class Results:
    """
    What `base.paths.Artifacts` describes by the same names, `suspects` as `suspects_found`, and besides:

    Attributes:
        index: One row an image of the store: `split`, `label` (a number), the photograph's `width`, `height` in pixels.
        train: The training images.
        validation: The validation images.
        test: The test images, in the order of `predictions`.
        classes: `class_errors` without its names: images, precision, recall, top1_error.
        slices: `slice_errors`.
        eigenvalues: `(3,)`, of pixels in [0, 1].
        eigenvectors: `(3, 3)`, in columns.
        summary: What the model's file says of its training's photographs; None if it says nothing.
    """

    source: Path
    rejected: pd.DataFrame
    index: pd.DataFrame
    train: ImageStore
    validation: ImageStore
    test: ImageStore
    data_metrics: dict[str, Any]
    train_metrics: dict[str, Any]
    test_metrics: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    classes: pd.DataFrame
    slices: dict[str, Any]
    near_duplicates: pd.DataFrame
    near_copies: pd.DataFrame
    neighbours: pd.DataFrame
    occlusion: pd.DataFrame
    mean: NDArray[np.float32]
    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    filters: NDArray[np.float32]
    certificate: dict[str, Any]
    experiments: dict[str, Any]
    forms: dict[str, Any]
    suspects: dict[str, Any]
    robustness: dict[str, Any]
    summary: Summary | None


def load_results(artifacts: Artifacts) -> Results:
    """Read what the stages before this one saved.

    Raises:
        UserError: naming the file that is missing.
    """
    pca = load_json(artifacts.pca)
    return Results(
        source=artifacts.source,
        rejected=pd.read_parquet(required(artifacts.rejected)),
        index=pd.read_parquet(required(artifacts.images / INDEX_FILE), columns=["split", "label", "width", "height"]),
        train=ImageStore.open(artifacts.images, "train"),
        validation=ImageStore.open(artifacts.images, "validation"),
        test=ImageStore.open(artifacts.images, "test"),
        data_metrics=load_json(artifacts.data_metrics),
        train_metrics=load_json(artifacts.train_metrics),
        test_metrics=load_json(artifacts.test_metrics),
        history=pd.read_csv(required(artifacts.history)),
        predictions=pd.read_parquet(required(artifacts.predictions)),
        classes=pd.read_csv(required(artifacts.class_errors)).drop(columns="class"),
        slices=load_json(artifacts.slice_errors),
        near_duplicates=pd.read_parquet(required(artifacts.near_duplicates)),
        near_copies=pd.read_parquet(required(artifacts.near_copies)),
        neighbours=pd.read_parquet(required(artifacts.neighbours)),
        occlusion=pd.read_parquet(required(artifacts.occlusion)),
        mean=load_array(artifacts.mean, (SIDE, SIDE, 3)),
        eigenvalues=np.array(pca["eigenvalues"]),
        eigenvectors=np.array(pca["eigenvectors"]),
        filters=np.load(required(artifacts.filters)),
        certificate=load_json(artifacts.certificate),
        experiments=load_json(artifacts.experiments),
        forms=load_json(artifacts.forms),
        suspects=load_json(artifacts.suspects_found),
        robustness=load_json(artifacts.robustness),
        summary=read_described(artifacts.model).summary,
    )


CAT_AND_DOG = "tongpython/cat-and-dog"


class PublishedError(NamedTuple):
    """An error that others have published, and where.

    Attributes:
        views: How many views of each image were averaged; None if the source does not say.
        top5_error: A share, as `top1_error`; or None where it says nothing.
    """

    network: str
    data: str
    views: int | None
    top1_error: float
    top5_error: float | None
    source: str


_PAPER = "Krizhevsky, Sutskever, Hinton 2012"
_USERS = "users of the data set"
_IMAGENET = (
    PublishedError("AlexNet", "LSVRC-2010 test", 10, 0.375, 0.170, f"{_PAPER}, table 1"),
    PublishedError("AlexNet, one network", "LSVRC-2012 validation", 10, 0.407, 0.182, f"{_PAPER}, table 2"),
    PublishedError("bvlc_alexnet", "LSVRC-2012 validation", 1, 0.429, 0.198, "Caffe, models/bvlc_alexnet"),
)
_CATS_AND_DOGS = (
    PublishedError("AlexNet, from scratch", "test_set: 1,760 of 2,023 right", None, 0.130, None, _USERS),
    PublishedError("AlexNet, fine-tuned from ImageNet weights", "test_set", None, 0.042, None, _USERS),
)


def published_errors(dataset: Mapping[str, Any]) -> tuple[PublishedError, ...]:
    """What is known of the data that the section `dataset` names; often nothing."""
    if dataset["source"] == "imagenet":
        return _IMAGENET
    if dataset["source"] == "kaggle" and (dataset["location"] or "").startswith(CAT_AND_DOG):
        return _CATS_AND_DOGS
    return ()
