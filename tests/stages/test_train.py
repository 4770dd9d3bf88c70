"""`train` starts with the weights that the parameters name, or says why it cannot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import load_model, save_model
from tests.stores import training_folder

pytestmark = pytest.mark.slow


def train(folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    params = {
        "model": {"width": 0.05, "initialisation": "he"},
        "train": {"batch_size": 8, "max_epochs": 1, "on_flat_loss": "warn", **settings},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "train"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_training_starts_with_the_weights_of_a_file_if_it_is_the_one_that_is_meant(tmp_path: Path) -> None:
    training_folder(tmp_path, 16, 8)
    refused = train(tmp_path, init_weights="models/first.keras")
    assert refused.returncode == 1
    assert refused.stderr == (
        "alexnet-pipe: train.init_weights: models/first.keras is missing: `alexnet-pipe import-weights` makes such a "
        "file\n"
    )
    file = tmp_path / "models/first.keras"
    first = Classifier(["red", "green", "blue"], width=0.05, initialisation="he", seed=7)
    save_model(file, first)
    refused = train(tmp_path, init_weights="models/first.keras", init_sha256="0" * 64)
    assert refused.returncode == 1
    assert refused.stderr.endswith(f"names; its own digest is {file_digest(file)}\n")

    done = train(
        tmp_path, init_weights="models/first.keras", init_sha256=file_digest(file), train_only=["fc6", "fc7", "fc8"]
    )
    assert done.returncode == 0, done.stderr
    assert "conv5, fc6, fc7 and the mean image are those of models/first.keras; fc8 is new" in done.stdout
    model = load_model(tmp_path / "models/alexnet.keras")
    assert model.resize == {"policy": "squash", "background": "black"}
    assert len(model.classes) == 2
    for layer, kept in (("conv5", True), ("fc6", False)):
        before, after = (each.network.get_layer(layer).get_weights()[0] for each in (first, model))
        assert (before == after).all() == kept
    metrics = json.loads((tmp_path / "metrics/train.json").read_text())
    trained = sum(model.network.get_layer(name).count_params() for name in ("fc6", "fc7", "fc8"))
    assert metrics["trained_parameters"] == trained
    assert f"of which {trained:,} are trained" in done.stdout
