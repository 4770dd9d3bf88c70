"""`train` starts with the weights that the parameters name, or says why it cannot."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from alexnet_pipe import cli
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import load_model, save_model
from tests.stores import training_folder
from tests.warm import warm

pytestmark = pytest.mark.slow


def write_params(folder: Path, **settings: object) -> None:
    params = {
        "model": {"width": 0.05, "initialisation": "he"},
        "train": {"batch_size": 8, "max_epochs": 1, "on_flat_loss": "warn", **settings},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the stage, which fails, says in the current folder."""
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "stage", "train"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    return capsys.readouterr().err


def test_a_file_that_is_missing_or_another_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training_folder(tmp_path, 16, 8)
    monkeypatch.chdir(tmp_path)
    # To be deterministic would be for the whole process.
    settings = {"deterministic": False, "init_weights": "models/first.keras"}
    write_params(tmp_path, **settings)
    assert refused(monkeypatch, capsys) == (
        "alexnet-pipe: train.init_weights: models/first.keras is missing: `alexnet-pipe import-weights` makes such a "
        "file\n"
    )
    file = tmp_path / "models/first.keras"
    file.parent.mkdir(exist_ok=True)
    file.write_text("another")
    write_params(tmp_path, **settings, init_sha256="0" * 64)
    assert refused(monkeypatch, capsys).endswith(f"names; its own digest is {file_digest(file)}\n")


def test_training_starts_with_the_weights_of_a_file(python_with_tensorflow: Path, tmp_path: Path) -> None:
    training_folder(tmp_path, 16, 8)
    file = tmp_path / "models/first.keras"
    first = Classifier(["red", "green", "blue"], width=0.05, initialisation="he", seed=7)
    save_model(file, first)
    write_params(
        tmp_path, init_weights="models/first.keras", init_sha256=file_digest(file), train_only=["fc6", "fc7", "fc8"]
    )
    with warm(python_with_tensorflow, tmp_path, "stage", "train") as training:
        output, _ = training.communicate()
        assert training.returncode == 0, output
    assert "conv5, fc6, fc7 and the mean image are those of models/first.keras; fc8 is new" in output
    model = load_model(tmp_path / "models/alexnet.keras")
    assert model.resize == {"policy": "squash", "background": "black"}
    assert len(model.classes) == 2
    for layer, kept in (("conv5", True), ("fc6", False)):
        before, after = (each.network.get_layer(layer).get_weights()[0] for each in (first, model))
        assert (before == after).all() == kept
    metrics = json.loads((tmp_path / "metrics/train.json").read_text())
    assert (metrics["temperature"], metrics["temperature_ten_view"]) == (model.temperature, model.temperature_ten_view)
    assert 1 not in (model.temperature, model.temperature_ten_view)
    assert f"temperature {model.temperature:g} for one view and {model.temperature_ten_view:g} for ten" in output
    trained = sum(model.network.get_layer(name).count_params() for name in ("fc6", "fc7", "fc8"))
    assert metrics["trained_parameters"] == trained
    assert f"of which {trained:,} are trained" in output
