"""What a training run reports of itself."""

from typing import Any

import keras

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import weights_digest
from alexnet_pipe.training.backend import devices
from alexnet_pipe.training.fine_tuning import trained_parameters
from alexnet_pipe.training.state import State


def training_metrics(state: State, model: Classifier, precision: str) -> dict[str, Any]:
    """Counts, the best epoch's losses and errors, speed, and what identifies weights and machine."""
    history, best = state.history, state.best
    seconds = sum(epoch.seconds for epoch in history)
    images = sum(epoch.seconds * epoch.images_per_second for epoch in history)
    return {
        "epochs": len(history),
        "steps": history[-1].step,
        "best_epoch": best.epoch,
        "resumed_at_steps": state.resumed_at,
        "train_loss": best.train_loss,
        "train_top1_error": best.train_top1_error,
        "validation_loss": best.validation_loss,
        "validation_top1_error": best.validation_top1_error,
        "images_per_second": round(images / seconds, 1),
        "seconds": round(seconds, 1),
        "waiting_seconds": round(sum(epoch.waiting_seconds for epoch in history), 1),
        "parameters": model.network.count_params(),
        "trained_parameters": trained_parameters(model),
        "precision": precision,
        "backend": keras.backend.backend(),
        "device": devices()[0].split(":")[0],
        "weights_digest": weights_digest(model.get_weights()),
    }
