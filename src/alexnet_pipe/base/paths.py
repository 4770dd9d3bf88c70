"""Where everything lies, declared once; and which stage of `dvc.yaml` makes it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOME = "ALEXNET_PIPE_HOME"
"""The environment variable that tells a temporary copy of the project where the project is, an absolute path."""

CHECKPOINTS = "ALEXNET_PIPE_CHECKPOINTS"
"""The environment variable that names another folder for checkpoints than the project's, an absolute path."""


class _Below:
    """A fixed place below `root`."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __get__(self, artifacts: "Artifacts", _: object) -> Path:
        return artifacts.root / self._place


@dataclass(frozen=True)
class Artifacts:
    """Every file and folder that a stage reads or writes, below `root`."""

    root: Path = field(default_factory=Path)

    relabelled = _Below("conf/relabelled.csv")
    """Labels that people have put right, by the SHA-256 of photographs; git keeps it."""

    settings_checked = _Below("data/settings.txt")
    source = _Below("data/source")
    """Folder of the data set's archives, as published."""

    manifest = _Below("data/manifest.parquet")
    """One row an image: where its bytes lie, label, split, sha256."""

    source_version = _Below("data/version.json")
    """Which source was downloaded, and which version of it."""

    croissant = _Below("data/croissant.json")
    """The data set as JSON-LD of the kind Croissant; the stage `report` makes it."""

    images = _Below("data/images")
    """The store of 256×256 images."""

    rejected = _Below("data/rejected.parquet")
    """One row a finding: the manifest row of a file that is refused, removed or noted, and why."""

    near_duplicates = _Below("data/near_duplicates.parquet")
    """One row a pair of photographs of two splits that look alike."""

    mean = _Below("statistics/mean.npy")
    """The mean training image, float32 `(256, 256, 3)`."""

    pca = _Below("statistics/pca.json")
    """Eigenvalues and eigenvectors of the training pixels' RGB covariance."""

    model = _Below("models/alexnet.keras")
    statement = _Below("models/alexnet.intoto.json")
    """What made the model, as an in-toto Statement with SLSA's provenance."""

    signature = _Below("models/alexnet.sig")
    """Of the model and that statement, if somebody has signed them; no stage makes it."""

    tensorboard = _Below("logs")
    """One folder of TensorBoard logs a training run."""

    data_metrics = _Below("metrics/data.json")
    train_metrics = _Below("metrics/train.json")
    test_metrics = _Below("metrics/test.json")
    history = _Below("metrics/history.csv")
    """One row an epoch: losses, errors, learning rate, speed."""

    predictions = _Below("evaluation/predictions.parquet")
    """One row a test image: its label and the five most probable classes, one view and ten."""

    confusion = _Below("evaluation/confusion.csv")
    """One row a test image: actual and predicted class name."""

    class_errors = _Below("evaluation/classes.csv")
    """One row a class: test images, precision, recall and top-1 error."""

    slice_errors = _Below("evaluation/slices.json")
    """Errors on parts of the test images, and the worst part; it has names, which are no metrics."""

    kernel_picture = _Below("evaluation/kernels.png")
    mean_picture = _Below("evaluation/mean.png")
    features = _Below("evaluation/fc7.npy")
    """Activations of fc7 for the centre view, float32 `(test images, units)`."""

    neighbours = _Below("evaluation/neighbours.parquet")
    """The nearest training images of some test images, by fc7."""

    near_copies = _Below("evaluation/near_copies.parquet")
    """One row a test image that is a crop of a training image, or that one is a crop of, by fc7 and pixels."""

    occlusion = _Below("evaluation/occlusion.parquet")
    """For some test images, the probability of the label while a part is hidden."""

    filters = _Below("evaluation/conv1.npy")
    """The kernel of conv1, float32 `(11, 11, 3, filters)`."""

    report = _Below("report/index.html")
    components = _Below("report/sbom.cdx.json")
    """What the project runs on, as CycloneDX lists it; `alexnet-pipe sbom` makes it."""

    card = _Below("MODEL_CARD.md")
    """What the model is, what it is for and what it is not, as Markdown."""

    experiments = _Below("metrics/experiments.json")
    """What sets of experiments have found, for the page; `{}` if there were none."""

    forms = _Below("metrics/forms.json")
    """What the model in fewer bits costs and saves, for the page; `{}` if it was not exported so."""

    suspects = _Below("data/suspects.parquet")
    """All photographs, ranked by how wrong their label looks, as `alexnet-pipe suspects` left them."""

    suspects_found = _Below("metrics/suspects.json")
    """The first of them, for the page; `{}` if nobody has looked."""
    robustness = _Below("metrics/robustness.json")
    """How many corrupted test images are wrong, for the page; `{}` if nobody has asked."""

    certificate = _Below("report/certificate.json")
    """What came out the same when the pipeline was run once more; `{}` if it was not."""

    @property
    def measured(self) -> tuple[Path, ...]:
        """What commands of their own measure for the page; all are `{}` at first, and in git."""
        return (self.certificate, self.experiments, self.forms, self.suspects_found, self.robustness)

    @property
    def checkpoints(self) -> Path:
        """What interrupted runs have finished, also those in temporary copies of the project; DVC does not know it."""
        return Path(os.environ.get(CHECKPOINTS, self.root / home() / "checkpoints"))

    @property
    def downloads(self) -> Path:
        """Unfinished downloads; DVC does not know them."""
        return self.checkpoints / "downloads"

    @property
    def tuning(self) -> Path:
        """The trials of `experiments tune`, a database of SQLite; DVC does not know it."""
        return self.checkpoints / "tuning.db"


def home() -> Path:
    """The project's folder: the current one, or what `HOME` says."""
    return Path(os.environ.get(HOME, ""))


def defined_stages(root: Path) -> Mapping[str, Any]:
    """The stages as `dvc.yaml` of the project `root` has them; none where there is no such file."""
    from ruamel.yaml import YAML

    definition = root / "dvc.yaml"
    return YAML(typ="safe").load(definition).get("stages", {}) if definition.exists() else {}


def outputs_of(stage: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The path of each output of a stage of `dvc.yaml`, and its options."""
    listed = [output for kind in ("outs", "metrics", "plots") for output in stage.get(kind, [])]
    named = [output if isinstance(output, dict) else {output: {}} for output in listed]
    return {path: options for output in named for path, options in output.items()}


def way_back(path: Path) -> str:
    """What brings a damaged file of the pipeline in the current folder back, as a message ends."""
    from ruamel.yaml.error import YAMLError

    try:
        stages = defined_stages(Path())
    except YAMLError:  # DVC says what is wrong with it.
        stages = {}
    places = {str(place) for place in (path, *path.parents)}
    for stage, entry in stages.items():
        if outputs := places & outputs_of(entry).keys():
            return f"remove {outputs.pop()}, then `dvc repro {stage}` makes it again"
    return "remove it, then `dvc checkout` or `dvc repro`"
