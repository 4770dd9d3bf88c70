"""Made-up results of a small run."""

from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.reporting.results import Results
from tests.stores import random_store

HOSTILE = "<script>alert(1)</script>.jpg"
PARAMETERS: dict[str, dict[str, Any]] = {"model": {"variant": "paper", "width": 0.25}, "train": {"seed": 1}}


def made_up(classes: int = 3, images: int = 9, mistakes: bool = True, kernels: int = 24, epochs: int = 2) -> Results:
    """Results with `images` test images of `classes` classes; every third prediction is wrong if there are mistakes."""
    train, test = random_store(max(classes, 4), classes), random_store(images, classes, seed=1)
    names = [f"class {n}" for n in range(classes)]
    guesses = [(int(label) + (1 if mistakes and n % 3 == 0 else 0)) % classes for n, label in enumerate(test.labels)]
    manifest = pd.DataFrame(
        {
            "container": "photos.zip",
            "member": [f"{n}.jpg" for n in range(4)] + [HOSTILE],
            "label": [names[n % classes] for n in range(4)] + [names[0]],
            "split": "train",
            "bytes": 1,
            "sha256": "0",
        }
    )
    generator = np.random.default_rng(0)
    return Results(
        manifest=manifest,
        rejected=manifest.tail(1).assign(outcome="refused", reason="not an image", detail="no decoder knows it"),
        train=train,
        test=test,
        data_metrics={
            "classes": classes,
            "images": {"train": 4, "validation": 0, "test": images},
            "rejected": 1,
            "rejected_share": 0.2,
            "removed": 0,
            "near_duplicates": 0,
            "duplicates_across_splits": 0,
            "label_conflicts": 0,
        },
        train_metrics={
            "weights_digest": "ab" * 32,
            "parameters": 1000,
            "epochs": epochs,
            "steps": 8,
            "best_epoch": 1,
            "backend": "tensorflow",
            "device": "cpu",
            "precision": "float32",
            "images_per_second": 10.0,
            "seconds": 60.0,
        },
        test_metrics=_errors(images, classes),
        history=pd.DataFrame(
            {
                "epoch": range(1, epochs + 1),
                "learning_rate": 0.01,
                "train_loss": 1.0,
                "validation_loss": 1.1,
                "train_top1_error": 0.5,
                "validation_top1_error": 0.6,
            }
        ),
        predictions=pd.DataFrame(
            {
                "label": test.labels,
                "member": test.rows["member"],
                "top5_ten_view": [[guess, (guess + 1) % classes] for guess in guesses],
                "top5_probability_ten_view": [[0.7 + n / 1e4, 0.2] for n in range(images)],
            }
        ),
        mean=np.full((256, 256, 3), 120, np.float32),
        eigenvalues=np.array([0.1, 0.01, 0.001]),
        eigenvectors=np.eye(3),
        filters=generator.normal(size=(11, 11, 3, kernels)).astype(np.float32),
        features=generator.normal(size=(images, 8)).astype(np.float32),
    )


def _errors(images: int, classes: int) -> dict[str, Any]:
    metrics: dict[str, Any] = {"examples": images}
    for name in ("top1_error", "top1_error_ten_view", "top5_error", "top5_error_ten_view"):
        known = name.startswith("top1") or classes > 5
        metrics[name] = 1 / 3 if known else None
        metrics[f"{name}_interval"] = {"low": 0.25, "high": 0.45} if known else None
    return metrics
