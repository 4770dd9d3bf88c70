"""Stage `train`: the classifier, trained as the paper does (section 5)."""

from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, required, save_json, written_aside
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.base.progress import say
from alexnet_pipe.inputs.stream import TrainingStream, colour_directions
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.model.model_file import load_model, save_model
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.layout import CLASSES_FILE, INDEX_FILE, RESIZE_FILE
from alexnet_pipe.training.backend import make_deterministic, require_gpu
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.fine_tuning import start_with, train_only, trained_parameters
from alexnet_pipe.training.fingerprint import run_fingerprint
from alexnet_pipe.training.health import flat_loss_check, steps_between_looks
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.state import State
from alexnet_pipe.training.summary import training_metrics
from alexnet_pipe.training.tensorboard import tensorboard_log
from alexnet_pipe.training.trainer import Surroundings, Trainer, Watch, compile_for_training
from alexnet_pipe.training.validation import validate


def run(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> None:
    if train.require_gpu:
        require_gpu()
    if train.deterministic:
        make_deterministic(train.seed)
    keras.config.set_dtype_policy(train.precision)
    initial = _initial_weights(artifacts, train)
    run_name = _fingerprint(artifacts, model, train, initial)
    checkpoints = Checkpoints(artifacts.checkpoints / run_name)
    images = ImageStore.open(artifacts.images, "train")
    classifier = _classifier(artifacts, images, model, train, initial)
    trainer = _trainer(artifacts, images, classifier, train, checkpoints, _watch(artifacts, train, run_name))
    state = trainer.run(train.max_epochs)

    save_model(artifacts.model, trainer.model)
    _save_results(artifacts, state, trainer.model, train.precision)
    checkpoints.remove()


def _initial_weights(artifacts: Artifacts, train: TrainParams) -> Path | None:
    """The file to start with, if there is one and it is the one that the parameters mean."""
    if train.init_weights is None:
        return None
    path = artifacts.root / home() / train.init_weights
    if not path.exists():
        raise UserError(f"train.init_weights: {path} is missing: `alexnet-pipe import-weights` makes such a file")
    if train.init_sha256 not in (None, digest := file_digest(path)):
        raise UserError(f"{path} is not the file that train.init_sha256 names; its own digest is {digest}")
    return path


def _classifier(
    artifacts: Artifacts, images: ImageStore, model: ModelParams, train: TrainParams, initial: Path | None
) -> Classifier:
    resize = load_json(artifacts.images / RESIZE_FILE)
    classifier = Classifier(images.classes, resize, fastest_forms(), seed=train.seed, **model.model_dump())
    classifier.mean.assign(np.load(required(artifacts.mean)))
    if initial:
        start_with(classifier, load_model(initial), str(initial))
    train_only(classifier, train.trained)
    parameters, trained = classifier.network.count_params(), trained_parameters(classifier)
    part = "" if trained == parameters else f", of which {trained:,} are trained"
    say(f"train: {len(images):,} images of {len(images.classes)} classes, {parameters:,} parameters{part}")
    return classifier


def _trainer(
    artifacts: Artifacts,
    images: ImageStore,
    classifier: Classifier,
    train: TrainParams,
    checkpoints: Checkpoints,
    watch: Watch,
) -> Trainer:
    held_out = ImageStore.open(artifacts.images, "validation")
    pca = load_json(artifacts.pca)
    shift = colour_directions(np.array(pca["eigenvalues"]), np.array(pca["eigenvectors"]), train.colour_shift)
    stream = TrainingStream(images, train.seed, train.batch_size, shift)
    plateau = Plateau(train.learning_rate, train.patience, train.cuts)
    compile_for_training(classifier, plateau, train.momentum, train.weight_decay, dict(train.learning_rate_multipliers))
    look = steps_between_looks(train.flat_loss_steps, planned=stream.first_step(train.max_epochs))
    initialisation = classifier.network.arguments["initialisation"]
    around = Surroundings(
        validate=lambda m, between: validate(m, held_out, train.batch_size, between),
        checkpoints=checkpoints,
        checkpoint_steps=train.checkpoint_steps,
        check=flat_loss_check(images.labels, look, train.on_flat_loss, initialisation),
        watch=watch,
    )
    return Trainer(classifier, stream, plateau, around)


def _fingerprint(artifacts: Artifacts, model: ModelParams, train: TrainParams, initial: Path | None) -> str:
    decisive = train.model_dump(exclude=train.UNRELATED_TO_STEPS | {"init_weights", "init_sha256"})
    # The index has the source of every image; the exact statistics change with any pixel that the resize makes of it.
    data = [artifacts.images / INDEX_FILE, artifacts.images / CLASSES_FILE, artifacts.mean, artifacts.pca]
    if initial:
        data.append(initial)
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
