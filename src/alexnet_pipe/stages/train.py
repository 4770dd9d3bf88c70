"""Stage `train`: the classifier, trained as the paper does (section 5)."""

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
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.summary import training_metrics
from alexnet_pipe.training.trainer import compile_for_training
from alexnet_pipe.training.trainer import train as run_training
from alexnet_pipe.training.validation import validate
from alexnet_pipe.weights.model_file import save_model


def run(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> None:
    images = ImageStore.open(artifacts.images, "train")
    held_out = ImageStore.open(artifacts.images, "validation")
    pca = load_json(artifacts.pca)
    shift = colour_directions(np.array(pca["eigenvalues"]), np.array(pca["eigenvectors"]), train.colour_shift)
    stream = TrainingStream(images, train.seed, train.batch_size, shift)

    keras.config.set_dtype_policy(train.precision)
    classifier = Classifier(images.classes, seed=train.seed, **model.model_dump())
    classifier.mean.assign(np.load(required(artifacts.mean)))
    plateau = Plateau(train.learning_rate, train.patience, train.cuts)
    compile_for_training(classifier, plateau, train.momentum, train.weight_decay)
    parameters = classifier.network.count_params()
    say(f"train: {len(images):,} images of {len(images.classes)} classes, {parameters:,} parameters")
    trained = run_training(
        classifier, stream, lambda m: validate(m, held_out, train.batch_size), plateau, train.max_epochs
    )

    save_model(artifacts.model, classifier)
    with written_aside(artifacts.history) as aside:
        pd.DataFrame(trained.rows()).to_csv(aside, index=False)
    save_json(artifacts.train_metrics, training_metrics(trained, classifier, train.precision))
