"""Stage `train`: the classifier, trained as the paper does (section 5)."""

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.records import Records
from alexnet_pipe.training.set_up import first_classifier
from alexnet_pipe.training.trainer import Trainer


def run(artifacts: Artifacts, model: ModelParams, train: TrainParams) -> None:
    records = Records.of_run(artifacts, model, train)
    images, held_out = (ImageStore.open_intact(artifacts.images, split) for split in ("train", "validation"))
    classifier = first_classifier(artifacts, images, model, train)
    stream = TrainingStream.open(images, artifacts.pca, train)
    state = Trainer(classifier, stream, held_out, records, train).run()
    save_model(artifacts.model, classifier)
    records.write(state, classifier)
    records.checkpoints.remove()
