"""Which configurations of a set begin to learn, and with which seeds: their first epochs are trained, and no more.

Those that err less in validation than who always says the commonest class, beyond chance (95 %).

    python -m benchmarks.first_epochs variants --epochs 2 --seed 2012 --seed 2013

The images are those of `data/images`, everything else is as in params.yaml; a planned rate is that of the whole plan.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from alexnet_pipe.base.startup import without_notices

with without_notices():
    import keras
    import numpy as np
    import tensorflow as tf

    from alexnet_pipe.base.errors import UserError
    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.evaluation.significance import wilson_interval
    from alexnet_pipe.experiments.configurations import all_params, load_configurations
    from alexnet_pipe.inputs.stream import TrainingStream
    from alexnet_pipe.model.classifier import Classifier
    from alexnet_pipe.params.load import Params
    from alexnet_pipe.statistics.first_kernels import in_words
    from alexnet_pipe.store.image_store import ImageStore
    from alexnet_pipe.training.checkpoints import Checkpoints
    from alexnet_pipe.training.records import Records, training_metrics
    from alexnet_pipe.training.set_up import first_classifier
    from alexnet_pipe.training.state import State
    from alexnet_pipe.training.trainer import Trainer


class _EnoughError(Exception):
    """So many epochs have ended as were asked for."""


class _FirstEpochs(Records):
    """Of a training that is ended after so many epochs."""

    def __init__(self, folder: Path, epochs: int) -> None:
        super().__init__(Artifacts(folder), Checkpoints(folder / "kept"))
        self._epochs = epochs

    def after_epoch(self, state: State, model: Classifier) -> None:
        if len(state.history) == self._epochs:
            raise _EnoughError


def show(name: str, seeds: list[int], epochs: int, only: list[str]) -> None:
    """A line for each configuration and seed, and then how many seeds of each have begun to learn."""
    artifacts = Artifacts()
    images, held_out = (ImageStore.open_intact(artifacts.images, split) for split in ("train", "validation"))
    configurations = load_configurations(Path(), name, only)
    started: dict[str, list[bool]] = {label: [] for label in configurations}
    for (label, seed), params in all_params(Path(), name, configurations, seeds).items():
        learns, text = _first_epochs(artifacts, images, held_out, params, epochs)
        started[label].append(learns)
        print(f"{label:24} {seed}: {'learns' if learns else 'does not learn'}, {text}", flush=True)
    _show_counts(started)


def _first_epochs(
    artifacts: Artifacts, images: ImageStore, held_out: ImageStore, params: Params, epochs: int
) -> tuple[bool, str]:
    """Whether it has begun to learn; and the epochs in words."""
    classifier = first_classifier(artifacts, images, params.model, params.train)
    stream = TrainingStream.open(images, artifacts.pca, params.train)
    with TemporaryDirectory() as folder:
        trainer = Trainer(classifier, stream, held_out, _FirstEpochs(Path(folder), epochs), params.train)
        try:
            trainer.run()
        except _EnoughError:
            pass
        except UserError as error:
            return False, str(error)
        finally:
            keras.backend.clear_session()
    return _has_learned(trainer.state, held_out), _in_words(trainer.state, classifier)


def _has_learned(state: State, held_out: ImageStore) -> bool:
    images = len(held_out)
    wrong = round(state.history[-1].validation_top1_error * images)
    return wilson_interval(wrong, images)[1] < 1 - np.bincount(held_out.labels).max() / images


def _in_words(state: State, classifier: Classifier) -> str:
    losses = ", ".join(f"{epoch.train_loss:.3f}" for epoch in state.history)
    errors = ", ".join(f"{epoch.validation_top1_error:.1%}" for epoch in state.history)
    kernels = classifier.network.get_layer("conv1").kernel.shape[-1]
    learned = in_words(training_metrics(state, classifier)["learned_kernels"], kernels)
    return f"loss {losses}; validation error {errors}; first kernels {learned}"


def _show_counts(started: Mapping[str, list[bool]]) -> None:
    for label, all_seeds in started.items():
        print(f"{label:24} {sum(all_seeds)} of {len(all_seeds)} seeds learn")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a file in conf/experiments/")
    parser.add_argument("--seed", type=int, action="append", dest="seeds", required=True)
    parser.add_argument("--only", action="append", default=[], help="this configuration, and the first")
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    tf.get_logger().setLevel("ERROR")  # It warns of every model that is traced.
    show(arguments.name, arguments.seeds, arguments.epochs, arguments.only)
