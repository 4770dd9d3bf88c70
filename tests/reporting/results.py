"""Made-up results of a small run."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.evaluation.examples import PLACES
from alexnet_pipe.reporting.origin import Commit, Provenance
from alexnet_pipe.reporting.results import Results
from tests.stores import random_store

HOSTILE = "<script>alert(1)</script>.jpg"
AS_PUBLISHED = {"crop_area": None, "mixup": 0.0}
PARAMETERS: dict[str, dict[str, Any]] = {
    "dataset": {"source": "sample", "location": None},
    "resize": {"policy": "crop", "max_pixels": 1_000_000, "near_duplicates": "keep"},
    "model": {"variant": "paper", "width": 0.25},
    "train": {"seed": 1, "batch_size": 2, "patience": 3, "colour_shift": 0.1, "init_weights": None}
    | {"random_crops": True, "mirror": True, "dropout": 0.5}
    | AS_PUBLISHED,
}
ORIGIN = Provenance(
    commit=Commit("12345678" * 5, "2026-01-02", changed=False, test_metrics={"top1_error": 0.5}),
    code="c0de" * 4,
    digests={"data/images": "1a" * 16 + ".dir", "models/alexnet.keras": "2b" * 16},
    lock="3c" * 32,
    versions={"keras": "3.0"},
)
CERTIFICATE = {
    "weights_digest": "ab" * 32,
    "date": "2026-01-03",
    "machine": "a small one",
    "backend": "tensorflow",
    "artifacts": [{"path": "data/images", "kind": "data", "same": True, "note": "same bytes"}],
    "training": "The weights are the same.",
    "papers": [
        {"path": "models/alexnet.intoto.json", "sha256": "4d" * 32, "note": "what made the model"},
        {"path": "models/alexnet.sig", "sha256": "", "note": "nobody has signed the model"},
    ],
}

FORMS = {
    "examples": 9,
    "onnxruntime": "1.2.3",
    "weights_digest": "ab" * 32,
    "machine": "a small one",
    "forms": [
        {
            "form": name,
            "bytes": size,
            "top1_error": 0.25,
            "images_per_second": {"one_thread": {"1": 7.25, "32": 71.75}, "all_threads": {"1": 9.0, "32": 123.4}},
            "against_first": change,
        }
        for name, size, change in (
            ("float32", 2_000_000, None),
            ("int8", 500_000, {"lost": 1, "won": 0, "difference": 0.002, "low": -0.001, "high": 0.004, "p_value": 0.5}),
        )
    ],
}


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
            "offset": 0,
            "packed": 1,
            "deflated": False,
        }
    )
    return Results(
        source=Path("nowhere"),
        rejected=manifest.tail(1).assign(outcome="refused", reason="not an image", detail="no decoder knows it"),
        index=pd.DataFrame(
            {"split": "train", "label": train.labels[:4], "width": [100, 300, 640, 256], "height": [120, 200, 480, 256]}
        ),
        train=train,
        validation=random_store(3, classes, seed=2),
        test=test,
        data_metrics={
            "classes": classes,
            "images": {"train": 4, "validation": 0, "test": images},
            "rejected": 1,
            "rejected_share": 0.2,
            "removed": 0,
            "relabelled": 0,
            "dropped": 0,
            "near_duplicates": 0,
            "duplicates_across_splits": 0,
            "label_conflicts": 0,
        },
        train_metrics={
            "weights_digest": "ab" * 32,
            "parameters": 1000,
            "trained_parameters": 1000,
            "epochs": epochs,
            "steps": 4 * epochs,
            "best_epoch": 1,
            "resumed_at_steps": [2],
            "backend": "tensorflow",
            "device": "cpu",
            "precision": "float32",
            "images_per_second": 10.0,
            "seconds": 60.0,
            "waiting_seconds": 3.0,
            "temperature": 1.25,
            "temperature_ten_view": 0.8,
        },
        test_metrics=_errors(images, classes),
        history=pd.DataFrame(
            {
                "epoch": range(1, epochs + 1),
                "step": range(4, 4 * epochs + 1, 4),
                "learning_rate": 0.01,
                "train_loss": 1.0,
                "validation_loss": 1.1,
                "train_top1_error": 0.5,
                "validation_top1_error": 0.6,
                "seconds": 30.0,
                "waiting_seconds": 1.5,
                "images_per_second": 10.0,
            }
        ),
        predictions=pd.DataFrame(
            {
                "label": test.labels,
                "member": test.rows["member"],
                "top5_ten_view": [[guess, (guess + 1) % classes] for guess in guesses],
                "top5_probability_ten_view": [[0.7 + n / 1e4, 0.2] for n in range(images)],
                "label_probability": 0.9,
                "probability_before_ten_view": [0.95 + n / 1e4 for n in range(images)],
            }
        ),
        classes=pd.DataFrame(
            {"images": images // classes, "precision": 0.5, "recall": 2 / 3, "top1_error": 1 / 3}, names
        ),
        slices=slices(classes),
        near_duplicates=pd.DataFrame(
            {"sha256_first": train.rows["sha256"][[1]], "split_first": "train", "label_first": names[1]}
            | {
                "sha256_second": test.rows["sha256"][[min(2, images - 1)]].to_numpy(),
                "split_second": "test",
                "label_second": names[2 % classes],
            }
            | {"bits": 7}
        ),
        near_copies=pd.DataFrame({"test": [min(4, images - 1)], "train": [3], "likeness": [0.95], "details": [0.83]}),
        neighbours=pd.DataFrame({"query": [0, 0], "train": [3, 1], "distance": [2.0, 1.0]}),
        occlusion=pd.DataFrame(
            {"image": [0], "label": [0], "before": 0.9, "probability": [np.linspace(0.1, 0.9, PLACES**2)]}
        ).assign(random_fc8=0.25, random_all=-0.125),
        mean=np.full((256, 256, 3), 120, np.float32),
        eigenvalues=np.array([0.1, 0.01, 0.001]),
        eigenvectors=np.eye(3),
        filters=np.random.default_rng(0).normal(size=(11, 11, 3, kernels)).astype(np.float32),
        certificate={},
        experiments={},
        forms={},
        suspects={},
        robustness={},
        summary=None,
    )


def slices(classes: int) -> dict[str, Any]:
    """Classes, the last of them the worst, and two halves by brightness."""
    names = [("class", f"class class {n}") for n in range(classes)]
    names += [("brightness", "mean grey up to 92 (darkest)"), ("brightness", "mean grey over 92 (brightest)")]
    rows = [
        {
            "property": kind,
            "name": name,
            "images": 40,
            "wrong": place,
            "error": place / 40,
            "interval": {"low": 0.01, "high": 0.4},
            "rest_error": 0.05,
            "p_value": 1 / (1 + place),
        }
        for place, (kind, name) in enumerate(names)
    ]
    left_out = {"split origin": "not kept", "sharpness": HOSTILE}
    return {"examples": 80, "looks": len(rows), "worst": rows[classes - 1], "left_out": left_out, "slices": rows}


def _errors(images: int, classes: int) -> dict[str, Any]:
    metrics: dict[str, Any] = {"examples": images}
    for name in ("top1_error", "top1_error_ten_view", "top5_error", "top5_error_ten_view"):
        known = name.startswith("top1") or classes > 5
        metrics[name] = 1 / 3 if known else None
        metrics[f"{name}_count"] = images // 3 if known else None
        metrics[f"{name}_interval"] = {"low": 0.25, "high": 0.45} if known else None
    wrong = {name: {"3": images // 3} for name in ("gaussian_noise", "defocus_blur", "contrast")}
    metrics["robustness"] = {"examples": images, "clean": 0, "wrong": wrong, "mean_corruption_error": 0.3125}
    metrics["robustness"]["mean_corruption_error_interval"] = {"low": 0.125, "high": 0.5}
    for name in ("with_near_duplicate", "without_near_duplicate", "with_near_copy", "without_near_copy"):
        metrics[f"examples_{name}"] = images // 2
        metrics[f"top1_error_ten_view_{name}"] = 0.125
        metrics[f"top1_error_ten_view_{name}_interval"] = {"low": 0.0625, "high": 0.375}
    metrics |= {"calibration_error_by_chance": 0.05, "calibration_error_by_chance_ten_view": 0.04}
    for number, name in enumerate(("calibration_error", "brier_score", "log_loss"), 1):
        for suffix in ("", "_ten_view", "_before", "_ten_view_before"):
            metrics[f"{name}{suffix}"] = number / 30 + 0.1 * ("before" in suffix)
            metrics[f"{name}{suffix}_interval"] = {"low": 0.01, "high": 0.25}
    return metrics
