"""Stage `train`: the classifier, trained as the paper does (section 5)."""

from functools import partial

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.after_training import complete
from alexnet_pipe.training.processes import Processes, train_together
from alexnet_pipe.training.records import Records
from alexnet_pipe.training.set_up import first_classifier, training_data
from alexnet_pipe.training.trainer import Trainer


def run(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> None:
    train_together(train, partial(_train, artifacts, model, train))


def _train(artifacts: Artifacts, model: ModelParams, train: TrainParams, processes: Processes) -> None:
    records = Records.of_run(artifacts, model, train)
    processes.require_same(records.checkpoints.folder.name)
    stream, held_out = training_data(artifacts, train)
    classifier = first_classifier(artifacts, stream.store, model, train)
    state = Trainer(classifier, stream, held_out, records, train, processes).run()
    complete(classifier, stream.store, held_out, train.batch_size, processes)
    if processes.is_first:
        save_model(artifacts.model, classifier)
        records.write(state, classifier)
        records.checkpoints.remove()
