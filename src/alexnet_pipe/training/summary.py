"""What a training run reports of itself."""

from typing import Any

import keras

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.training.trainer import Trained
from alexnet_pipe.weights.digest import weights_digest


def training_metrics(trained: Trained, model: Classifier, precision: str) -> dict[str, Any]:
    """Counts, the best epoch's losses and errors, speed, and what identifies weights and machine."""
    seconds = sum(epoch.seconds for epoch in trained.history)
    images = sum(epoch.seconds * epoch.images_per_second for epoch in trained.history)
    return {
        "epochs": len(trained.history),
        "steps": trained.history[-1].step,
        "best_epoch": trained.best.epoch,
        "train_loss": trained.best.train_loss,
        "train_top1_error": trained.best.train_top1_error,
        "validation_loss": trained.best.validation_loss,
        "validation_top1_error": trained.best.validation_top1_error,
        "images_per_second": round(images / seconds, 1),
        "seconds": round(seconds, 1),
        "parameters": model.network.count_params(),
        "precision": precision,
        "backend": keras.backend.backend(),
        "device": keras.distribution.list_devices()[0].split(":")[0],
        "weights_digest": weights_digest(model.get_weights()),
    }
