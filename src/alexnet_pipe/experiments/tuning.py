"""Optuna's search for the settings that suit a data set: trials are short trainings, judged on the validation split.

The test split is not opened.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import DatabaseError

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import required
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.experiments.trials import (
    REASON,
    WORSE,
    WRITTEN,
    best_trial,
    finished,
    in_words,
    own_values,
    search_space,
    with_values,
)
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.load import Params
from alexnet_pipe.params.train import initial_weights
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import CLASSES_FILE, INDEX_FILE
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.records import Records, run_fingerprint
from alexnet_pipe.training.set_up import first_classifier
from alexnet_pipe.training.state import State
from alexnet_pipe.training.trainer import Trainer

_SHARE, _LEAST_EPOCHS = 0.25, 5
"""A trial has this share of a whole training's epochs, but not fewer than so many, if the whole has them."""

_BEFORE_PRUNING = 2
"""Photographs are guessed at for an epoch or two: the epoch from which a trial may be ended early."""


class _Data(NamedTuple):
    """What all trials share: images of two splits, which stay where they are, and their statistics."""

    artifacts: Artifacts
    images: ImageStore
    held_out: ImageStore


def tune(artifacts: Artifacts, params: Params, minutes: float) -> optuna.Study:
    """Run trials until those of this study have taken `minutes` altogether, or the next one might take too long.

    The study is that of these parameters, images and code, and goes on where a killed one stopped: only the trial that
    was running then is lost. The first trial has the values of `params`.

    Raises:
        UserError: if no trial can be run at all; as `ImageStore.open_intact`.
    """
    data = _Data(artifacts, *(ImageStore.open_intact(artifacts.images, split) for split in ("train", "validation")))
    short = short_training(params)
    space = search_space(short)
    study = _study(artifacts, short)
    for lost in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(lost.number, state=TrialState.FAIL)
    if not finished(study):
        if len(optuna.get_all_study_names(_storage(artifacts))) > 1:
            say("tune: no trial had these parameters, images and code: a new search begins, and what was found stays")
        study.enqueue_trial(own_values(short))
    while not _is_over(study, minutes):
        trial = study.ask(space)
        _run(study, trial, data, short)
    return study


def found(artifacts: Artifacts, params: Params) -> optuna.Study:
    """The study of these parameters, images and code, as `tune` left it.

    Raises:
        UserError: if it has no trial yet.
    """
    study = _study(artifacts, short_training(params))
    if not finished(study):
        raise UserError("no trial had these parameters, images and code yet: name more --minutes than 0")
    return study


def what_chance_does(artifacts: Artifacts, study: optuna.Study) -> str:
    """How far two trials' errors may be apart by chance, in a line: as shares of as many other images (95 %)."""
    images = len(ImageStore.open(artifacts.images, "validation"))
    error = max(1 / (images + 2), best_trial(study).value or 0.0)
    points = 196 * math.sqrt(2 * error * (1 - error) / images)
    return f"Errors are of {images:,} validation images: {points:.1f} points between two trials may be chance."


def require_replaceable(artifacts: Artifacts, preset: Path) -> None:
    """
    Raises:
        UserError: if `preset` is there, and is not as a search has written it.
    """
    if not preset.exists():
        return
    studies = optuna.get_all_study_summaries(_storage(artifacts)) if artifacts.tuning.exists() else []
    if file_digest(preset) not in [study.user_attrs.get(WRITTEN) for study in studies]:
        raise UserError(f"{preset} was changed by hand, or made elsewhere, and would be replaced: give it another name")


def short_training(params: Params) -> Params:
    """`params` for a trial: fewer epochs, over which a planned rate falls, and a warm-up of the same share of them."""
    train = params.train
    epochs = min(train.max_epochs, max(_LEAST_EPOCHS, math.ceil(_SHARE * train.max_epochs)))
    warmup = train.warmup_epochs * epochs / train.max_epochs
    changed = {"max_epochs": epochs, "warmup_epochs": warmup, "tensorboard": False}
    return params.model_copy(update={"train": train.model_copy(update=changed)})


class _TrialRecords(Records):
    """Tells Optuna each epoch's validation error, and keeps nothing on the disk."""

    def __init__(self, trial: optuna.Trial, epochs: int) -> None:
        super().__init__(Artifacts(), _NoCheckpoints(Path()))
        self._trial, self._epochs = trial, epochs

    def after_epoch(self, state: State, model: Classifier) -> None:
        """
        Raises:
            TrialPruned: if the median of the trials before was better at this epoch.
        """
        self._trial.report(state.history[-1].validation_top1_error, state.history[-1].epoch)
        if state.history[-1].epoch < self._epochs and self._trial.should_prune():
            raise optuna.TrialPruned


class _NoCheckpoints(Checkpoints):
    """Of a short training, which is not gone on with when it was interrupted."""

    def save(self, step: int, tensors: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def load(self) -> None:
        """Nothing was kept."""


def _run(study: optuna.Study, trial: optuna.Trial, data: _Data, short: Params) -> None:
    """One trial, to its end; settings with which nothing can be trained are bad ones, and no failure of the search."""
    try:
        params = with_values(short, trial.params)
    except UserError as error:  # What does not go with another parameter of params.yaml.
        _end(study, trial, str(error))
        return
    say(f"tune: trial {trial.number}: {in_words(params)}")
    classifier = first_classifier(data.artifacts, data.images, params.model, params.train)
    try:
        stream = TrainingStream.open(data.images, data.artifacts.pca, params.train)
        records = _TrialRecords(trial, params.train.max_epochs)
        state = Trainer(classifier, stream, data.held_out, records, params.train).run()
    except optuna.TrialPruned:
        _end(study, trial, WORSE)
    except UserError as error:
        _end(study, trial, str(error))
    else:
        study.tell(trial, state.best.validation_top1_error)
    finally:
        keras.backend.clear_session()


def _end(study: optuna.Study, trial: optuna.Trial, reason: str) -> None:
    trial.set_user_attr(REASON, reason)
    study.tell(trial, state=TrialState.PRUNED)
    say(f"tune: trial {trial.number} ended early: {reason}")


def _is_over(study: optuna.Study, minutes: float) -> bool:
    """Whether one more trial as long as the longest so far would go beyond the time; pauses do not count."""
    seconds = [trial.duration.total_seconds() for trial in finished(study) if trial.duration]
    return bool(seconds) and not sum(seconds) + max(seconds) <= minutes * 60


def _study(artifacts: Artifacts, short: Params) -> optuna.Study:
    """The study of these parameters, images and code, on the disk."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=_storage(artifacts),
        study_name=_study_name(artifacts, short),
        pruner=MedianPruner(n_warmup_steps=_BEFORE_PRUNING),
        load_if_exists=True,
    )
    # A sampler that began with the same seed again would draw the same values again.
    study.sampler = TPESampler(seed=short.train.seed + len(study.trials))
    return study


def _storage(artifacts: Artifacts) -> RDBStorage:
    file = artifacts.tuning
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return RDBStorage(f"sqlite:///{file}")
    except DatabaseError as error:
        raise UserError(f"{file} cannot be read ({error.orig}): remove it, and tuning begins anew") from None


def _study_name(artifacts: Artifacts, short: Params) -> str:
    data = [artifacts.images / INDEX_FILE, artifacts.images / CLASSES_FILE, artifacts.mean, artifacts.pca]
    initial = initial_weights(artifacts, short.train)
    decisive = {
        "model": short.model.model_dump(),
        "train": short.train.model_dump(),
        "space": {name: str(distribution) for name, distribution in search_space(short).items()},
    }
    return run_fingerprint(artifacts.root, decisive, map(required, [*data, *([initial] if initial else [])]))
