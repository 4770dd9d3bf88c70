"""Where everything lies, declared once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

HOME = "ALEXNET_PIPE_HOME"
"""The environment variable that tells a temporary copy of the project where the project is, an absolute path."""

CHECKPOINTS = "ALEXNET_PIPE_CHECKPOINTS"
"""The environment variable that names another folder for checkpoints than the project's, an absolute path."""


@dataclass(frozen=True)
class Artifacts:
    """Every file and folder that a stage reads or writes, below `root`."""

    root: Path = field(default_factory=Path)

    @property
    def source(self) -> Path:
        """Folder of the data set's archives, as published."""
        return self.root / "data/source"

    @property
    def manifest(self) -> Path:
        """One row an image: where its bytes lie, label, split, sha256."""
        return self.root / "data/manifest.parquet"

    @property
    def source_version(self) -> Path:
        """Which source was downloaded, and which version of it."""
        return self.root / "data/version.json"

    @property
    def downloads(self) -> Path:
        """Unfinished downloads; DVC does not know them."""
        return self.checkpoints / "downloads"

    @property
    def images(self) -> Path:
        """The store of 256×256 images."""
        return self.root / "data/images"

    @property
    def rejected(self) -> Path:
        """One row a finding: the manifest row of a file that is refused, removed or noted, and why."""
        return self.root / "data/rejected.parquet"

    @property
    def data_metrics(self) -> Path:
        return self.root / "metrics/data.json"

    @property
    def mean(self) -> Path:
        """The mean training image, float32 `(256, 256, 3)`."""
        return self.root / "statistics/mean.npy"

    @property
    def pca(self) -> Path:
        """Eigenvalues and eigenvectors of the training pixels' RGB covariance."""
        return self.root / "statistics/pca.json"

    @property
    def model(self) -> Path:
        return self.root / "models/alexnet.keras"

    @property
    def checkpoints(self) -> Path:
        """What interrupted runs have finished, also those in temporary copies of the project; DVC does not know it."""
        return Path(os.environ.get(CHECKPOINTS, self.root / home() / "checkpoints"))

    @property
    def tensorboard(self) -> Path:
        """One folder of TensorBoard logs a training run."""
        return self.root / "logs"

    @property
    def train_metrics(self) -> Path:
        return self.root / "metrics/train.json"

    @property
    def history(self) -> Path:
        """One row an epoch: losses, errors, learning rate, speed."""
        return self.root / "metrics/history.csv"

    @property
    def test_metrics(self) -> Path:
        return self.root / "metrics/test.json"

    @property
    def predictions(self) -> Path:
        """One row a test image: its label and the five most probable classes, one view and ten."""
        return self.root / "evaluation/predictions.parquet"

    @property
    def confusion(self) -> Path:
        """One row a test image: actual and predicted class name."""
        return self.root / "evaluation/confusion.csv"

    @property
    def class_errors(self) -> Path:
        """One row a class: test images, precision, recall and top-1 error."""
        return self.root / "evaluation/classes.csv"

    @property
    def kernel_picture(self) -> Path:
        """The kernels of conv1 as a picture."""
        return self.root / "evaluation/kernels.png"

    @property
    def mean_picture(self) -> Path:
        """The mean training image that the model subtracts, as a picture."""
        return self.root / "evaluation/mean.png"

    @property
    def features(self) -> Path:
        """Activations of fc7 for the centre view, float32 `(test images, units)`."""
        return self.root / "evaluation/fc7.npy"

    @property
    def neighbours(self) -> Path:
        """The nearest training images of some test images, by fc7."""
        return self.root / "evaluation/neighbours.parquet"

    @property
    def occlusion(self) -> Path:
        """For some test images, the probability of the label while a part is hidden."""
        return self.root / "evaluation/occlusion.parquet"

    @property
    def filters(self) -> Path:
        """The kernel of conv1, float32 `(11, 11, 3, filters)`."""
        return self.root / "evaluation/conv1.npy"

    @property
    def report(self) -> Path:
        return self.root / "report/index.html"

    @property
    def card(self) -> Path:
        """What the model is, what it is for and what it is not, as Markdown."""
        return self.root / "MODEL_CARD.md"

    @property
    def certificate(self) -> Path:
        """What came out the same when the pipeline was run once more; `{}` if it was not."""
        return self.root / "report/certificate.json"


def home() -> Path:
    """The project's folder: the current one, or what `HOME` says."""
    return Path(os.environ.get(HOME, ""))
