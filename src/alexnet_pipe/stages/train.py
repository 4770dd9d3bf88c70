"""Stage `train`: the classifier, trained as the paper does (section 5)."""

from dataclasses import asdict

import keras
import numpy as np
import pandas as pd

from alexnet_pipe.artifacts import Artifacts, load_json, required, save_json, written_aside
from alexnet_pipe.inputs.stream import TrainingStream, colour_directions
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.progress import say
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.layout import CLASSES_FILE, INDEX_FILE, RESIZE_FILE
from alexnet_pipe.training.backend import make_deterministic, require_gpu, use_faster_forms
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.fingerprint import run_fingerprint
from alexnet_pipe.training.health import flat_loss_check, steps_between_looks
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.state import State
from alexnet_pipe.training.summary import training_metrics
from alexnet_pipe.training.tensorboard import tensorboard_log
from alexnet_pipe.training.trainer import Surroundings, Trainer, Watch, compile_for_training
from alexnet_pipe.training.validation import validate
from alexnet_pipe.weights.model_file import save_model


def run(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> None:
    if train.require_gpu:
        require_gpu()
    if train.deterministic:
        make_deterministic(train.seed)
    use_faster_forms()
    keras.config.set_dtype_policy(train.precision)
    run_name = _fingerprint(artifacts, model, train)
    checkpoints = Checkpoints(artifacts.checkpoints / run_name)
    trainer = _trainer(artifacts, model, train, checkpoints, _watch(artifacts, train, run_name))
    state = trainer.run(train.max_epochs)

    save_model(artifacts.model, trainer.model)
    _save_results(artifacts, state, trainer.model, train.precision)
    checkpoints.remove()


def _trainer(
    artifacts: Artifacts, model: ModelParams, train: TrainParams, checkpoints: Checkpoints, watch: Watch
) -> Trainer:
    images = ImageStore.open(artifacts.images, "train")
    held_out = ImageStore.open(artifacts.images, "validation")
    pca = load_json(artifacts.pca)
    shift = colour_directions(np.array(pca["eigenvalues"]), np.array(pca["eigenvectors"]), train.colour_shift)
    stream = TrainingStream(images, train.seed, train.batch_size, shift)

    resize = load_json(artifacts.images / RESIZE_FILE)
    classifier = Classifier(images.classes, resize, seed=train.seed, **model.model_dump())
    classifier.mean.assign(np.load(required(artifacts.mean)))
    plateau = Plateau(train.learning_rate, train.patience, train.cuts)
    compile_for_training(classifier, plateau, train.momentum, train.weight_decay)
    parameters = classifier.network.count_params()
    say(f"train: {len(images):,} images of {len(images.classes)} classes, {parameters:,} parameters")
    look = steps_between_looks(train.flat_loss_steps, planned=stream.first_step(train.max_epochs))
    around = Surroundings(
        validate=lambda m, between: validate(m, held_out, train.batch_size, between),
        checkpoints=checkpoints,
        checkpoint_steps=train.checkpoint_steps,
        check=flat_loss_check(images.labels, look, train.on_flat_loss, model.initialisation),
        watch=watch,
    )
    return Trainer(classifier, stream, plateau, around)


def _fingerprint(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> str:
    decisive = train.model_dump(exclude=train.UNRELATED_TO_STEPS)
    # The index has the source of every image; the exact statistics change with any pixel that the resize makes of it.
    data = [artifacts.images / INDEX_FILE, artifacts.images / CLASSES_FILE, artifacts.mean, artifacts.pca]
    return run_fingerprint({"model": model.model_dump(), "train": decisive}, map(required, data))


def _watch(artifacts: Artifacts, train: TrainParams, run_name: str) -> Watch:
    """Keep metrics and history readable while training goes on; `dvc metrics diff` and `dvc plots diff` read them."""
    logs = [tensorboard_log(artifacts.tensorboard / run_name)] if train.tensorboard else []

    def watch(state: State, model: Classifier) -> None:
        _save_results(artifacts, state, model, train.precision)
        for log in logs:
            log(state.history[-1], model)

    return watch


def _save_results(artifacts: Artifacts, state: State, model: Classifier, precision: str) -> None:
    with written_aside(artifacts.history) as aside:
        pd.DataFrame(map(asdict, state.history)).to_csv(aside, index=False)
    save_json(artifacts.train_metrics, training_metrics(state, model, precision))
